"""What may follow what: versions, keys, members, and texts that no majority can make."""

import dataclasses

from .cases import case
from .desk import Desk
from .federation import NAMES, Chain, Change, find, founded, joins, leaves, member, put, put_member, rotates
from .keys import NEUTRAL, identity
from .text import ZERO, Json, text_hash

LATER: Change = put("review_by", "2030-01")
OTHER: Change = put("review_by", "2031-01")
KEY_AND_WITNESSES = "an identity key and the witnesses cannot change in one amendment"
SHARED = "has a key that another member or role has too"
REUSED = "was used before: ids and keys of former members are not given away again"


def agreed(chain: Chain, text: Json) -> Chain:
    """Everybody of now votes for it, right or wrong as it is."""
    return chain.with_amendment(text, chain.votes(text, [entry["id"] for entry in chain.newest["members"]]))


@case("amend-one-version", "A version that follows is taken, and it is the one remembered.")
def _(desk: Desk) -> None:
    chain = founded(5).amended(put("name", "Renamed"))
    desk.accepts(chain)
    desk.trusts(chain)


@case("amend-skipped-version", "A version that leaves one out is refused, whatever it names as previous.")
def _(desk: Desk) -> None:
    two = founded(3).amended(LATER)
    three = two.amended(OTHER)
    desk.refuses(Chain(three.founding, three.amendments[1:]), 7, "version 3: version 3 does not follow version 1")
    chain = founded(3)
    desk.refuses(agreed(chain, chain.following(LATER, put("version", 3))), 7, "version 3: version 3 does not follow version 1")


@case("amend-repeated-version", "A version twice is refused, the same one and another one of that number.")
def _(desk: Desk) -> None:
    two = founded(3).amended(LATER)
    again = dataclasses.replace(two, amendments=two.amendments * 2)
    desk.refuses(again, 7, "version 2: version 2 does not follow version 2")
    desk.refuses(agreed(two, two.following(OTHER, put("version", 2))), 7, "version 2: version 2 does not follow version 2")


@case("amend-order", "Amendments stand in their order.")
def _(desk: Desk) -> None:
    chain = founded(3).amended(LATER).amended(OTHER)
    desk.refuses(dataclasses.replace(chain, amendments=chain.amendments[::-1]), 7, "version 3: version 3 does not follow version 1")


@case("amend-to-version-1", "The founding document does not follow anything, itself included.")
def _(desk: Desk) -> None:
    chain = founded(3)
    desk.refuses(agreed(chain, chain.newest), 7, "version 1: version 1 does not follow version 1")


@case("amend-fast-forward", "No amendment jumps ahead, by two or to the last number there is.")
def _(desk: Desk) -> None:
    chain = founded(3)
    for version in (3, 1000, 4294967295):
        desk.refuses(agreed(chain, chain.following(LATER, put("version", version))), 7, f"version {version} does not follow version 1")
    for version in (4294967296, 9007199254740991, -2):
        desk.refuses(agreed(chain, chain.following(LATER, put("version", version))), 7, "not of the expected shape")


@case("amend-previous-of-another-text", "A version names the hash of the text before it, of no other.")
def _(desk: Desk) -> None:
    chain = founded(3)
    two = chain.amended(LATER)
    for other in (ZERO, text_hash(founded(4).newest), text_hash(two.newest)):
        desk.refuses(agreed(chain, chain.following(LATER, put("previous", other))), 7, "version 2: it follows another text of version 1")
    desk.refuses(agreed(two, two.following(OTHER, put("previous", chain.fingerprint))), 7, "version 3: it follows another text of version 2")


@case("amend-without-previous", "A later version without a predecessor is refused.")
def _(desk: Desk) -> None:
    chain = founded(3)
    desk.refuses(agreed(chain, chain.following(LATER, lambda text: text.pop("previous"))), 7, "version 2: version 2 without a predecessor")


@case("amend-parallel-history", "A version that follows another version 2 than the one in the file is refused.")
def _(desk: Desk) -> None:
    one, other = founded(3).amended(LATER), founded(3).amended(OTHER)
    three = other.amended(LATER)
    desk.refuses(Chain(one.founding, (*one.amendments, three.amendments[1])), 7, "version 3: it follows another text of version 2")


@case("amend-nothing", "A version that changes nothing is refused; when it was drafted is no change.")
def _(desk: Desk) -> None:
    chain = founded(3)
    desk.refuses(chain.amended(), 7, "version 2: it changes nothing")
    desk.refuses(chain.amended(put("created", "2027-01-01T00:00:00Z")), 7, "version 2: it changes nothing")


@case("amend-back-again", "A change may be taken back by the next version: it is a version of its own.")
def _(desk: Desk) -> None:
    desk.accepts(founded(3).amended(LATER).amended(put("review_by", "2028-11")))


@case("amend-demonstration", "A demonstration never becomes a real federation, nor a real one a demonstration.")
def _(desk: Desk) -> None:
    for flag in (True, False):
        chain = founded(3, put("demonstration", flag))
        desk.refuses(chain.amended(put("demonstration", not flag)), 7, "version 2: a demonstration stays one")


@case("amend-disclosure-floor", "No majority can lower what statistics hide below 3, or protect nothing.")
def _(desk: Desk) -> None:
    chain = founded(3)
    for minimum, protection in ((2, 2), (5, 0)):
        weak = put("disclosure", {"minimum": minimum, "protection": protection})
        desk.refuses(chain.amended(weak), 7, f"version 2: disclosure parameters are too weak: minimum {minimum}")
    desk.accepts(chain.amended(put("disclosure", {"minimum": 3, "protection": 1})))


@case("amend-text-rules", "Every rule for a text holds for a later version: order, keys, schemes, catalogues, number of members.")
def _(desk: Desk) -> None:
    chain = founded(3)
    wrong: list[tuple[Change, str]] = [
        (lambda text: text["members"].reverse(), "members must be sorted by id, each once (cadiz)"),
        (lambda text: text["members"].append(member("delft")), "members must be sorted by id, each once (delft)"),
        (put("members", []), "0 members; 1 to 300 are allowed"),
        (joins(*(member(f"n{number:03}") for number in range(298))), "301 members; 1 to 300 are allowed"),
        (put("schemes", []), "the scheme ecei is not in the charter"),
        (put("catalogues", []), "the catalogue ecei-2026 is not listed in the charter"),
        (joins(member("oslo") | {"identity": identity("bergen").hex}), f"oslo {SHARED}"),
        (joins(member("oslo") | {"successor": identity("bergen").hash}), f"oslo {SHARED}"),
        (joins(member("oslo") | {"identity": identity("bergen", 1).hex}), f"oslo {SHARED}"),
    ]
    for change, reason in wrong:
        desk.refuses(chain.amended(change), 7, f"version 2: {reason}")
    for weak in (put_member("bergen", identity=NEUTRAL.hex()), joins(member("oslo") | {"identity": "00" * 32})):
        desk.refuses(chain.amended(weak, by=[]), 7, "not of the expected shape")


@case("amend-other-voters", "Each version may be agreed to by other members, as long as they are enough.")
def _(desk: Desk) -> None:
    chain = founded(5)
    for place, voters in enumerate(([0, 2, 4], [0, 4, 1], [0, 1, 3], [1, 2, 3], [2, 3, 4])):
        chain = chain.amended(put("status_max_age_days", 40 + place), by=[NAMES[voter] for voter in voters])
        desk.accepts(chain)


@case("stale-never-locks-out", "A charter long past its review is taken, and so is the next one; a date in the future decides nothing.")
def _(desk: Desk) -> None:
    stale = founded(3, put("review_by", "1970-01"), put("created", "9999-12-31T23:59:59Z"))
    desk.accepts(stale)
    desk.accepts(stale.amended(put("name", "Renamed"), put("created", "1970-01-01T00:00:00Z")))


@case("key-successor", "An identity key gives way to the successor that was committed to.")
def _(desk: Desk) -> None:
    desk.accepts(founded(3).amended(rotates("bergen")))


@case("key-rotates-again", "A key may change in every version, each time to the one committed to last.")
def _(desk: Desk) -> None:
    desk.accepts(founded(3).amended(rotates("bergen")).amended(rotates("bergen", 2)).amended(rotates("bergen", 3)))


@case("key-of-everybody", "All keys may change in one version, by the votes of the old ones; the next is voted on with the new ones.")
def _(desk: Desk) -> None:
    chain = founded(5).amended(*(rotates(agency) for agency in NAMES[:5]), by=NAMES[:4])
    desk.accepts(chain)
    text = chain.following(LATER)
    old = [chain.signed(chain.ballot(text, agency), identity(agency)) for agency in NAMES[:3]]
    desk.refuses(chain.with_amendment(text, old), 7, "version 3: bergen: the signature does not verify")
    desk.accepts(chain.amended(LATER, by=NAMES[2:5]))


@case("key-not-committed", "An identity key that was not committed to is refused, though everybody votes for it.")
def _(desk: Desk) -> None:
    chain = founded(3)
    stolen = put_member("cadiz", identity=identity("thief").hex)
    desk.refuses(chain.amended(stolen), 7, "version 2: cadiz had not committed to this identity key")
    desk.refuses(chain.amended(rotates("cadiz", 2)), 7, "version 2: cadiz had not committed to this identity key")


@case("key-and-its-commitment", "A commitment and the key that it names cannot come in one step.")
def _(desk: Desk) -> None:
    thief = put_member("cadiz", identity=identity("thief").hex, successor=identity("thief", 1).hash)
    desk.refuses(founded(3).amended(thief), 7, "version 2: cadiz had not committed to this identity key")


@case("key-after-a-new-commitment", "After a new commitment the old successor is none, and the new one is.")
def _(desk: Desk) -> None:
    chain = founded(3).amended(put_member("cadiz", successor=identity("cadiz", 5).hash))
    desk.refuses(chain.amended(rotates("cadiz")), 7, "version 3: cadiz had not committed to this identity key")
    desk.accepts(chain.amended(rotates("cadiz", 5)))


@case("key-keeps-its-commitment", "A key that changes needs another successor: the old one is the key now in use.")
def _(desk: Desk) -> None:
    desk.refuses(founded(3).amended(put_member("cadiz", identity=identity("cadiz", 1).hex)), 7, f"version 2: cadiz {SHARED}")


@case("key-and-witnesses", "An identity key, or its successor, and who watches cannot change in one amendment.")
def _(desk: Desk) -> None:
    chain = founded(4)
    keys = (rotates("bergen"), put_member("cadiz", successor=identity("cadiz", 5).hash))
    watchers = (joins(member("oslo")), leaves("espoo"), put_member("espoo", parent="Ministry"), put_member("bergen", parent="Ministry"))
    for key in keys:
        for watcher in watchers:
            desk.refuses(chain.amended(key, watcher), 7, f"version 2: {KEY_AND_WITNESSES}")


@case("key-and-rules", "An identity key and a rule may change in one amendment, and two keys may.")
def _(desk: Desk) -> None:
    desk.accepts(founded(4).amended(rotates("bergen"), rotates("cadiz"), LATER, put_member("delft", name="Other")))


@case("key-then-witnesses", "Key and witnesses may change in two amendments.")
def _(desk: Desk) -> None:
    desk.accepts(founded(4).amended(rotates("bergen")).amended(joins(member("oslo"))))


@case("reuse-id", "The id of a former member is not given away again, to nobody and not to the same agency.")
def _(desk: Desk) -> None:
    chain = founded(4).amended(leaves("delft"))
    for generation in (0, 1, 2):
        desk.refuses(chain.amended(joins(member("delft", generation))), 7, f"version 3: delft {REUSED}")


@case("reuse-id-later", "That holds for all later versions.")
def _(desk: Desk) -> None:
    chain = founded(4).amended(leaves("delft")).amended(LATER).amended(joins(member("oslo"))).amended(OTHER)
    desk.refuses(chain.amended(joins(member("delft", 2))), 7, f"version 6: delft {REUSED}")


@case("reuse-key-of-a-former-member", "The identity key of a former member is no other agency's.")
def _(desk: Desk) -> None:
    chain = founded(4).amended(leaves("delft"))
    desk.refuses(chain.amended(joins(member("oslo") | {"identity": identity("delft").hex})), 7, f"version 3: oslo {REUSED}")


@case("reuse-former-key-of-a-member", "A key that a member gave up is no other agency's.")
def _(desk: Desk) -> None:
    chain = founded(4).amended(rotates("delft"))
    desk.refuses(chain.amended(joins(member("oslo") | {"identity": identity("delft").hex})), 7, f"version 3: oslo {REUSED}")


@case("reuse-by-succession", "A key of a former member is no other agency's through a commitment either.")
def _(desk: Desk) -> None:
    chain = founded(4).amended(leaves("delft"))
    desk.refuses(chain.amended(put_member("bergen", successor=identity("delft").hash)), 7, f"version 3: bergen {REUSED}")


@case("reuse-in-one-step", "An agency cannot take a leaving member's key or name in the same step.")
def _(desk: Desk) -> None:
    chain = founded(4)
    taken = joins(member("oslo") | {"identity": identity("delft").hex})
    desk.refuses(chain.amended(leaves("delft"), taken), 7, f"version 2: oslo {REUSED}")


@case("rename-is-leave-and-join", "An agency with another id is another agency.")
def _(desk: Desk) -> None:
    def renamed(text: Json) -> None:
        find(text, "delft")["id"] = "dordrecht"

    desk.refuses(founded(4).amended(renamed), 7, f"version 2: dordrecht {REUSED}")


@case("ten-versions-of-fifty", "Fifty members amend their charter nine times, members and keys among it; the file is well under its limit.")
def _(desk: Desk) -> None:
    agencies = [f"agency-{number:02}" for number in range(50)]
    chain = founded([member(agency) for agency in agencies])
    founding = len(chain.file())
    changes: list[Change] = [
        LATER, rotates("agency-07"), joins(member("oslo")), put_member("agency-09", rights=[]), leaves("agency-03"),
        put("disclosure", {"minimum": 6, "protection": 2}), put_member("agency-11", parent="Ministry"), rotates("agency-07", 2), OTHER,
    ]  # fmt: skip
    for change in changes:
        chain = chain.amended(change)
        desk.accepts(chain)
    size = len(chain.file())
    desk.notes.append(f"size: {founding:,} bytes with version 1, {size:,} with ten versions: {(size - founding) // 9:,} a version")
    desk.trusts(chain)


@case("largest-federation-amends", "Three hundred members amend with two hundred and one votes, and not with two hundred.")
def _(desk: Desk) -> None:
    agencies = [f"agency-{number:03}" for number in range(300)]
    chain = founded([member(agency) for agency in agencies])
    change = put_member("agency-007", parent="Ministry")
    desk.refuses(chain.amended(change, by=agencies[:200]), 7, "200 of 201 votes needed")
    amended = chain.amended(change, by=agencies[:201])
    desk.accepts(amended)
    desk.notes.append(f"size: {len(chain.file()):,} bytes with version 1, {len(amended.file()):,} with two versions")


@case("first-unused-name", "The names of these cases are the names of members: nobody is called twice.")
def _(desk: Desk) -> None:
    desk.accepts(founded(len(NAMES)))
