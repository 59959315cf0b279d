"""How many must agree: every boundary for 1 to 15 members, and what counts as a voice."""

from .cases import add, case
from .desk import Desk
from .federation import NAMES, NOISE, POOL, RETENTION, TABLES, Chain, Change, founded, joins, leaves, member, put, put_member, rotates


def more_than_half(voices: int) -> int:
    """Enough for a rule, and enough of those who are members afterwards."""
    return voices // 2 + 1


def two_thirds(voices: int) -> int:
    """Enough to change members, identity keys or parents."""
    return 2 * voices // 3 + 1


def too_few(have: int, needed: int, version: int) -> str:
    """What the program says."""
    return f"{have} of {needed} votes needed of the members of version {version}"


def boundary(desk: Desk, chain: Chain, change: Change, needed: int) -> None:
    """One vote less is refused; as many, one more, and all are taken."""
    voters = [entry["id"] for entry in chain.newest["members"]]
    desk.refuses(chain.amended(change, by=voters[: needed - 1]), 7, f"version 2: {too_few(needed - 1, needed, 1)}")
    for count in {needed, min(needed + 1, len(voters)), len(voters)}:
        desk.pin(chain.fingerprint).unlink(missing_ok=True)
        desk.accepts(chain.amended(change, by=voters[len(voters) - count :]))


for size in range(1, 16):

    def minor(desk: Desk, size: int = size) -> None:
        boundary(desk, founded(size), put("status_max_age_days", 40), more_than_half(size))

    def major(desk: Desk, size: int = size) -> None:
        boundary(desk, founded(size), put_member("bergen", parent="Ministry"), two_thirds(size))

    add(f"threshold-rule-{size:02}", f"A rule changes with {more_than_half(size)} of {size} votes, not with one less.", minor)
    add(f"threshold-members-{size:02}", f"Who is a voice changes with {two_thirds(size)} of {size} votes, not with one less.", major)

MAJOR: dict[str, Change] = {
    "joins": joins(member("porto")),
    "identity": rotates("bergen"),
    "successor": put_member("bergen", successor=member("bergen", 5)["successor"]),
    "parent": put_member("bergen", parent="Ministry"),
}
MINOR: dict[str, Change] = {
    "rights-gained": put_member("oslo", rights=member("oslo")["rights"]),
    "described": put_member("bergen", name="Another name", country="SE"),
    "contacts": put_member("bergen", contacts=["/dns/x.example/tcp/1/p2p/x"]),
    "name": put("name", "Another name"),
    "review-by": put("review_by", "2030-01"),
    "conflicts": put("conflicts", {"swap_months": 1, "swap_floor": 4, "tie_months": 24}),
    "tie": put("ties", [{"agency": "bergen", "to": "oslo"}]),
    "disclosure": put("disclosure", {"minimum": 6, "protection": 2}),
    "noise": put("disclosure", {"minimum": 5, "noise": NOISE, "protection": 2}),
    "pool": put("disclosure", {"minimum": 5, "pool": POOL, "protection": 2}),
    "rounding": put("disclosure", {"minimum": 5, "protection": 2, "rounding": 5}),
    "tables": put("disclosure", {"minimum": 5, "protection": 2, "tables": TABLES}),
    "retention": put("retention", RETENTION),
    "catalogue": lambda text: text["catalogues"].append({"id": "new-2027", "hash": "00" * 32}),
    "scheme": lambda text: text["schemes"].append({"id": "other", "name": "Other", "rules": []}),
    "rule": lambda text: text["schemes"][0]["rules"][0].__setitem__("first_months", 25),
}

for kind, change in {**MAJOR, **MINOR}.items():

    def of_kind(desk: Desk, change: Change = change, needed: int = 5 if kind in MAJOR else 4) -> None:
        boundary(desk, founded([*map(member, NAMES[:5]), member("oslo", levels=["GOLD"])]), change, needed)

    words = "two thirds and one voice" if kind in MAJOR else "more than half"
    add(f"threshold-kind-{kind}", f"Of six members it takes {words} to change: {kind.replace('-', ' ')}.", of_kind)


@case("threshold-leave", "Of six members five must agree that one leaves.")
def _(desk: Desk) -> None:
    chain = founded(6)
    desk.refuses(chain.amended(leaves("bergen"), by=NAMES[1:5]), 7, too_few(4, 5, 1))
    desk.accepts(chain.amended(leaves("bergen"), by=NAMES[1:6]))


@case("threshold-next-version-joined", "More than half of the members of the next version must agree: with five new ones, two of these.")
def _(desk: Desk) -> None:
    chain, new = founded(3), NAMES[3:8]
    change = joins(*map(member, new))
    desk.refuses(chain.amended(change, by=[*NAMES[:3], new[0]]), 7, f"version 2: {too_few(4, 5, 2)}")
    desk.refuses(chain.amended(change, by=[*NAMES[:2], *new]), 7, f"version 2: {too_few(2, 3, 1)}")
    desk.accepts(chain.amended(change, by=[*NAMES[:3], *new[:2]]))


@case("threshold-next-version-left", "Those who leave count before and not afterwards: signers are not carried by those whom they remove.")
def _(desk: Desk) -> None:
    chain, going = founded(9), NAMES[:6]
    desk.refuses(chain.amended(leaves(*going), by=[*going, NAMES[6]]), 7, f"version 2: {too_few(1, 2, 2)}")
    desk.accepts(chain.amended(leaves(*going), by=[*going[:5], *NAMES[6:8]]))


@case("threshold-one-asks-another-in", "A federation of one needs the vote of the second member too.")
def _(desk: Desk) -> None:
    chain, change = founded(1), joins(member("cadiz"))
    desk.refuses(chain.amended(change, by=["bergen"]), 7, too_few(1, 2, 2))
    desk.refuses(chain.amended(change, by=["cadiz"]), 7, too_few(0, 1, 1))
    desk.accepts(chain.amended(change, by=["bergen", "cadiz"]))


def siblings(count: int, others: int) -> Chain:
    """Some agencies under one parent, then others."""
    return founded([member(agency, parent="Ministry") for agency in NAMES[:count]] + [member(agency) for agency in NAMES[count : count + others]])


@case("threshold-one-parent-one-voice", "Agencies under one parent are one voice, when more than half of them vote.")
def _(desk: Desk) -> None:
    chain, change = siblings(3, 2), put("review_by", "2030-01")
    desk.refuses(chain.amended(change, by=NAMES[:3]), 7, too_few(1, 2, 1))
    desk.refuses(chain.amended(change, by=[NAMES[0], NAMES[4]]), 7, too_few(1, 2, 1))
    desk.accepts(chain.amended(change, by=[*NAMES[:2], NAMES[4]]))


@case("threshold-parent-two-thirds", "With five agencies under one parent and three others, all four voices are not one vote each.")
def _(desk: Desk) -> None:
    chain, change = siblings(5, 3), put_member("hilden", parent="Other")
    desk.refuses(chain.amended(change, by=NAMES[:7][:5] + NAMES[6:7]), 7, too_few(2, 3, 1))
    desk.refuses(chain.amended(change, by=["bergen", "cadiz", "gdansk", "hilden"]), 7, too_few(2, 3, 1))
    desk.accepts(chain.amended(change, by=["bergen", "cadiz", "delft", "gdansk", "hilden"]))


@case("threshold-parent-named-like-an-agency", "A parent that is called like an agency is another voice.")
def _(desk: Desk) -> None:
    chain = founded([member("bergen"), member("cadiz", parent="bergen"), member("delft")])
    desk.refuses(chain.amended(put("review_by", "2030-01"), by=["cadiz"]), 7, too_few(1, 2, 1))
    desk.accepts(chain.amended(put("review_by", "2030-01"), by=["bergen", "cadiz"]))


@case("threshold-everybody-becomes-one", "When all come under one parent the next version has one voice, and two thirds of now must have agreed.")
def _(desk: Desk) -> None:
    chain = founded(3)
    changes = [put_member(agency, parent="Ministry") for agency in NAMES[:3]]
    desk.refuses(chain.amended(*changes, by=NAMES[:2]), 7, too_few(2, 3, 1))
    desk.accepts(chain.amended(*changes, by=NAMES[:3]))


@case("threshold-follows-the-members", "The next amendment counts the members of the version before it, not the founders.")
def _(desk: Desk) -> None:
    chain = founded(3).amended(joins(*map(member, NAMES[3:9])), by=NAMES[:9])
    change = put("review_by", "2030-01")
    desk.refuses(chain.amended(change, by=NAMES[:4]), 7, f"version 3: {too_few(4, 5, 2)}")
    desk.accepts(chain.amended(change, by=NAMES[4:9]))


@case("threshold-no-votes", "A version without votes is nobody's.")
def _(desk: Desk) -> None:
    desk.refuses(founded(1).amended(put("review_by", "2030-01"), by=[]), 7, too_few(0, 1, 1))


@case("threshold-is-not-data", "No text can lower a majority: a charter has no such field.")
def _(desk: Desk) -> None:
    for name in ("threshold", "majority", "quorum"):
        desk.refuses(founded(3).amended(put(name, 1)), 7, "not of the expected shape")
