"""Another identity key by the members' decision (docs/protocol.md, "Re-keying"): announced, then carried out or dropped."""

from .amending import KEY_AND_WITNESSES, LATER, REUSED
from .cases import case
from .desk import Desk
from .federation import NAMES, Chain, Change, founded, identity, joins, leaves, member, put, put_member, rotates
from .text import Json

ANNOUNCED = "2027-01-01T00:00:00Z"
DUE = "2027-01-31T00:00:00Z"
A_SECOND_EARLY = "2027-01-30T23:59:59Z"
OTHERS = NAMES[1:5]
NOT_SOUND = "it is of a member, in its order and to a key that nobody has"


def waiting(agency: str = "bergen", announced: str = ANNOUNCED, who: str = "new") -> Json:
    """What the charter lists of a key that waits."""
    new = f"{agency}-{who}"
    return {"agency": agency, "announced": announced, "identity": identity(new).hex, "successor": identity(new, 1).hash}


def announces(*entries: Json, at: str = ANNOUNCED) -> Change:
    """These keys wait from now on, and no others."""

    def change(text: Json) -> None:
        text["created"] = at
        text["rekeyings"] = list(entries)
        if not entries:
            del text["rekeyings"]

    return change


def carries_out(agency: str = "bergen", at: str = DUE, who: str = "new") -> Change:
    """The key that waits takes its place."""

    def change(text: Json) -> None:
        announces(*(entry for entry in text.get("rekeyings", []) if entry["agency"] != agency), at=at)(text)
        put_member(agency, identity=identity(f"{agency}-{who}").hex, successor=identity(f"{agency}-{who}", 1).hash)(text)

    return change


def announced() -> Chain:
    """Five members, four of which announced another key for the first one."""
    return founded(5).amended(announces(waiting()), by=OTHERS)


@case("rekey-after-thirty-days", "A key that was announced is carried out thirty days later, without any word of its agency.")
def _(desk: Desk) -> None:
    desk.accepts(announced())
    chain = announced().amended(carries_out(), by=OTHERS)
    desk.accepts(chain)
    desk.trusts(chain)


@case("rekey-a-second-early", "A second before that it is refused, and a version that says no later time than the announcement.")
def _(desk: Desk) -> None:
    for at in (A_SECOND_EARLY, ANNOUNCED, "2026-12-01T00:00:00Z"):
        desk.refuses(announced().amended(carries_out(at=at), by=OTHERS), 7, f"version 3: the re-keying of bergen has to wait until {DUE}")


@case("rekey-takes-two-thirds", "To announce and to carry out take floor(2N/3) + 1 voices; the new key is none of the present version.")
def _(desk: Desk) -> None:
    desk.refuses(founded(5).amended(announces(waiting()), by=OTHERS[:3]), 7, "version 2: 3 of 4 votes needed")
    desk.refuses(announced().amended(carries_out(), by=OTHERS[:3]), 7, "version 3: 3 of 4 votes needed")
    chain = announced()
    text = chain.following(carries_out())
    new = chain.signed(chain.ballot(text, "bergen"), identity("bergen-new"))
    desk.refuses(chain.with_amendment(text, [*chain.votes(text, OTHERS[:3]), new]), 7, "version 3: 3 of 4 votes needed")


@case("rekey-not-announced", "A key that was not announced is refused after any time: another one, another successor, another member's.")
def _(desk: Desk) -> None:
    other = put_member("bergen", identity=identity("thief").hex, successor=identity("thief", 1).hash)
    desk.refuses(announced().amended(announces(at=DUE), other), 7, "version 3: bergen had not committed to this identity key")
    desk.refuses(announced().amended(carries_out(), put_member("bergen", successor=identity("thief").hash)), 7, "version 3: bergen had not committed")
    wrong = put_member("cadiz", identity=identity("bergen-new").hex, successor=identity("bergen-new", 1).hash)
    desk.refuses(announced().amended(announces(at=DUE), wrong), 7, "version 3: cadiz had not committed to this identity key")


@case("rekey-in-one-step", "To announce a key and to carry it out in one version is no announcement.")
def _(desk: Desk) -> None:
    desk.refuses(founded(5).amended(carries_out(), by=OTHERS), 7, "version 2: bergen had not committed to this identity key")


@case("rekey-keeps-waiting", "A key that is put into place while it still waits is none that nobody has.")
def _(desk: Desk) -> None:
    change = put_member("bergen", identity=identity("bergen-new").hex, successor=identity("bergen-new", 1).hash)
    desk.refuses(announced().amended(put("created", DUE), change, by=OTHERS), 7, f"version 3: the re-keying of bergen: {NOT_SOUND}")


@case("rekey-announced-earlier", "The time of an announcement is that of its version: neither an earlier one, nor one moved afterwards.")
def _(desk: Desk) -> None:
    reason = "the re-keying of bergen is announced under another time than its version's"
    desk.refuses(founded(5).amended(announces(waiting(announced="2026-12-01T00:00:00Z"))), 7, f"version 2: {reason}")
    desk.refuses(announced().amended(announces(waiting(announced="2026-12-01T00:00:00Z"), at=DUE)), 7, f"version 3: {reason}")
    late = announces(waiting(announced="2027-03-01T00:00:00Z"))
    desk.refuses(founded(5).amended(late), 7, f"version 2: {reason}")


@case("rekey-dropped", "What was announced is dropped by a simple majority, and cannot be carried out then.")
def _(desk: Desk) -> None:
    desk.refuses(announced().amended(announces(), by=NAMES[:2]), 7, "version 3: 2 of 3 votes needed")
    chain = announced().amended(announces(), by=NAMES[:3])
    desk.accepts(chain)
    desk.refuses(chain.amended(carries_out(), by=OTHERS), 7, "version 4: bergen had not committed to this identity key")


@case("rekey-starts-anew", "Announced again after it was dropped, it waits thirty days again.")
def _(desk: Desk) -> None:
    again = "2027-01-20T00:00:00Z"
    chain = announced().amended(announces(at="2027-01-10T00:00:00Z")).amended(announces(waiting(announced=again), at=again))
    desk.refuses(chain.amended(carries_out(at=DUE)), 7, "version 5: the re-keying of bergen has to wait until 2027-02-19T00:00:00Z")
    desk.accepts(chain.amended(carries_out(at="2027-02-19T00:00:00Z")))


@case("rekey-overtaken-by-the-successor", "The committed successor takes over at any time, and what waits is dropped with that.")
def _(desk: Desk) -> None:
    chain = announced()
    desk.refuses(chain.amended(rotates("bergen")), 7, "version 3: the identity keys of bergen change: its re-keying has to be dropped with that")
    desk.accepts(chain.amended(rotates("bergen"), announces(at="2027-01-02T00:00:00Z")))


@case("rekey-and-witnesses", "While a key waits, and when it is carried out, who watches does not change.")
def _(desk: Desk) -> None:
    watchers = (joins(member("oslo")), leaves("espoo"), put_member("espoo", parent="Ministry"))
    for watcher in watchers:
        desk.refuses(announced().amended(watcher), 7, "version 3: while the re-keying of bergen waits, who witnesses cannot change")
        desk.refuses(announced().amended(carries_out(), watcher), 7, f"version 3: {KEY_AND_WITNESSES}")
        desk.refuses(founded(5).amended(announces(waiting()), watcher), 7, "version 2: while the re-keying of bergen waits")
    desk.accepts(announced().amended(announces(at=DUE), leaves("espoo")))


@case("rekey-and-rules", "Rules may change while a key waits, and with it.")
def _(desk: Desk) -> None:
    chain = announced().amended(LATER, by=OTHERS)
    desk.accepts(chain)
    desk.accepts(chain.amended(carries_out(), put_member("bergen", name="Other"), put("status_max_age_days", 21), by=OTHERS))


@case("rekey-two-at-once", "Two keys may wait, and be carried out one after the other.")
def _(desk: Desk) -> None:
    chain = founded(7).amended(announces(waiting(), waiting("cadiz")), by=NAMES[2:7])
    chain = chain.amended(carries_out(), by=NAMES[2:7])
    desk.accepts(chain)
    desk.accepts(chain.amended(carries_out("cadiz", at="2027-02-10T00:00:00Z"), by=NAMES[2:7]))


@case("rekey-unsound", "A key waits for a member, each once and in order, and nobody has it: neither as key nor as successor.")
def _(desk: Desk) -> None:
    bergen = waiting()
    unsound = (
        [waiting("oslo")],
        [bergen, bergen],
        [bergen, waiting(who="newer")],
        [waiting("cadiz"), bergen],
        [bergen | {"identity": identity("cadiz").hex}],
        [bergen | {"identity": identity("cadiz", 1).hex}],
        [bergen | {"identity": identity("bergen", 1).hex}],
        [bergen | {"successor": identity("cadiz").hash}],
        [bergen | {"successor": identity("bergen-new").hash}],
        [bergen, waiting("cadiz") | {"identity": bergen["identity"]}],
    )
    for entries in unsound:
        desk.refuses(founded(5).amended(announces(*entries)), 7, NOT_SOUND)
    for wrong in (bergen | {"identity": "00" * 32}, bergen | {"more": 1}, {name: bergen[name] for name in ("agency", "identity", "successor")}):
        desk.refuses(founded(5).amended(announces(wrong)), 7, "not of the expected shape")
    desk.refuses(founded(5, announces(waiting())), 7, NOT_SOUND)


@case("rekey-to-a-former-key", "A key that somebody gave up is not announced, neither for another nor for its own agency.")
def _(desk: Desk) -> None:
    chain = founded(5).amended(rotates("cadiz"))
    for agency in ("bergen", "cadiz"):
        for former in ({"identity": identity("cadiz").hex}, {"successor": identity("cadiz").hash}):
            entry = waiting(agency) | former
            desk.refuses(chain.amended(announces(entry), by=NAMES[2:5] + NAMES[:1]), 7, f"version 3: {agency} {REUSED}")


@case("reuse-own-former-key", "A key that an agency gave up is not its own again either.")
def _(desk: Desk) -> None:
    chain = founded(4).amended(rotates("bergen")).amended(LATER)
    desk.refuses(chain.amended(put_member("bergen", successor=identity("bergen").hash)), 7, f"version 4: bergen {REUSED}")
    back = put_member("bergen", identity=identity("bergen").hex, successor=identity("bergen", 5).hash)
    desk.refuses(chain.amended(back), 7, "version 4: bergen had not committed to this identity key")


@case("rules-that-say-nothing", "Schemes, levels and catalogues stand once, a level has at most eight reviewers, and a status is good for a day at least.")
def _(desk: Desk) -> None:
    def rule(**fields: object) -> Change:
        return lambda text: text["schemes"][0]["rules"][0].update(fields)

    wrong: list[tuple[Change, str]] = [
        (lambda text: text["schemes"].append(text["schemes"][0]), "the scheme ecei stands twice"),
        (lambda text: text["catalogues"].append(text["catalogues"][0]), "the catalogue ecei-2026 stands twice"),
        (rule(level="GOLD"), "GOLD of the scheme ecei stands twice"),
        (rule(reviewers=9), "BRONZE of the scheme ecei: at most 8 reviewers"),
        (rule(foreign=2), "BRONZE of the scheme ecei: at most 8 reviewers"),
        (put("status_max_age_days", 0), "a label's status is good for 1 day at least"),
    ]
    for change, reason in wrong:
        desk.refuses(founded(3, change), 7, reason)
        desk.refuses(founded(3).amended(change), 7, f"version 2: {reason}")
