"""Expelling, leaving, losing a right: the last heads that voters name, whole, and where a log ends.

Where exactly it ends, the (n-k+1)-th largest of the heads, no command says of a trust file: `protocol/src/charter/tests`
and `protocol/tests/verify/years.rs` prove the number. Here is what decides whether there is one."""

import base64
import copy
from typing import Any

from .cases import add, case
from .desk import Desk
from .federation import LEVELS, NAMES, Chain, Change, founded, joins, leaves, member, put, put_member
from .log import head, note, origin
from .text import Json, text_hash

WHOLE = "does not name, whole, the last head it cosigned of each log concerned"
FEW = "too few of those who voted witnessed the log"


def expelled(voters: list[str] | None = None) -> tuple[Chain, Json, list[Json]]:
    """Seven members, one of whom is to go, and the votes of five others."""
    chain = founded(7)
    text = chain.following(leaves("hilden"))
    return chain, text, chain.votes(text, voters or NAMES[:5])


def replaced(heads: Any) -> Chain:
    """The same with other heads in the second vote, correctly signed."""
    chain, text, votes = expelled()
    made = heads(chain) if callable(heads) else heads
    votes[1] = chain.vote(text, "cadiz", heads=made)
    return chain.with_amendment(text, votes)


def altered(change: Any) -> Chain:
    """The same with another note in the second vote's head."""

    def heads(chain: Chain) -> list[Json]:
        lines = change(note(chain.fingerprint, "hilden", 3, "cadiz").split("\n"))
        return [{"log": {"agency": "hilden", "epoch": 1}, "note": lines}]

    return replaced(heads)


@case("expel", "A member is expelled by five of seven votes, each with the last head of its log.")
def _(desk: Desk) -> None:
    chain, text, votes = expelled()
    desk.accepts(chain.with_amendment(text, votes))


@case("expel-never-cosigned", "A voter that never cosigned a head of the log says so with an empty note.")
def _(desk: Desk) -> None:
    chain = founded(7)
    text = chain.following(leaves("hilden"))
    votes = [chain.vote(text, agency, {"hilden": size}) for agency, size in zip(NAMES[:5], (None, 5, 0, 12, None), strict=True)]
    desk.accepts(chain.with_amendment(text, votes))
    nobody = [chain.vote(text, agency, {}) for agency in NAMES[:5]]
    desk.pin(chain.fingerprint).unlink()
    desk.accepts(chain.with_amendment(text, nobody))


@case("expel-with-its-own-vote", "The member concerned may vote, and says nothing of its own log.")
def _(desk: Desk) -> None:
    chain, text, votes = expelled([*NAMES[:4], "hilden"])
    desk.accepts(chain.with_amendment(text, votes))
    own = chain.vote(text, "hilden", heads=[head(chain.fingerprint, "hilden", 3, "hilden")])
    desk.refuses(chain.with_amendment(text, [*votes[:4], own]), 7, f"version 2: the vote of hilden {WHOLE}")


WRONG: dict[str, tuple[str, Any]] = {
    "missing": ("A vote without the head is refused.", []),
    "of-another-log": ("A head of another log is refused.", lambda c: [head(c.fingerprint, "gdansk", 3, "cadiz")]),
    "of-the-voter": ("A head of the voter's own log is refused.", lambda c: [head(c.fingerprint, "cadiz", 3, "cadiz")]),
    "twice": ("A log named twice is refused.", lambda c: [head(c.fingerprint, "hilden", 3, "cadiz")] * 2),
    "one-too-many": (
        "A head of a log that is not concerned is refused.",
        lambda c: [head(c.fingerprint, log, 3, "cadiz") for log in ("gdansk", "hilden")],
    ),
    "of-another-epoch": ("A head of a second log of the agency is refused.", lambda c: [head(c.fingerprint, "hilden", 3, "cadiz", 2)]),
    "of-another-federation": (
        "A head of the log that the agency keeps in another federation is refused.",
        lambda c: [head(founded(6).fingerprint, "hilden", 3, "cadiz")],
    ),
    "under-another-name": (
        "The head of one log under the name of another is refused.",
        lambda c: [head(c.fingerprint, "gdansk", 3, "cadiz") | {"log": {"agency": "hilden", "epoch": 1}}],
    ),
}

for name, (sentence, wrong) in WRONG.items():

    def wrong_head(desk: Desk, wrong: Any = wrong) -> None:
        desk.refuses(replaced(wrong), 7, f"version 2: the vote of cadiz {WHOLE}")

    add(f"head-{name}", sentence, wrong_head)

SPOILT: dict[str, tuple[str, Any]] = {
    "without-signatures": ("A head without signature lines is not whole.", lambda lines: lines[:3]),
    "without-last-line-feed": ("A note without its last line feed is not whole.", lambda lines: lines[:-1]),
    "without-blank-line": ("A note without its blank line is none.", lambda lines: [line for line in lines if line] + [""]),
    "without-root": ("A head without its root is not whole.", lambda lines: lines[:2] + lines[3:]),
    "size-only": ("A number is no head.", lambda lines: ["3"]),
    "with-an-extension": ("A head with a line more is none of ours.", lambda lines: [*lines[:3], "extension", *lines[3:]]),
    "size-written-otherwise": ("A size is a decimal number without sign or leading zero.", lambda lines: [lines[0], "03", *lines[2:]]),
    "size-negative": ("A size is not negative.", lambda lines: [lines[0], "-3", *lines[2:]]),
    "size-beyond-logs": ("A log of more than 2^40 records is none.", lambda lines: [lines[0], str(2**40 + 1), *lines[2:]]),
    "empty-with-a-root": ("The empty log has one root.", lambda lines: [lines[0], "0", *lines[2:]]),
    "root-short": ("A root is 32 bytes.", lambda lines: [*lines[:2], base64.b64encode(b"x" * 31).decode(), *lines[3:]]),
    "blank-lines-only": ("Blank lines are no note.", lambda lines: ["", "", ""]),
    "signature-line-spoilt": (
        "A signature line is a dash, a name and base64.",
        lambda lines: [*lines[:4], lines[4].replace("\u2014", "-"), *lines[5:]],
    ),
    "513-signatures": ("A note has 512 signatures at most.", lambda lines: [*lines[:4], *["\u2014 x AAAAAAA="] * 513, ""]),
}

for name, (sentence, spoil) in SPOILT.items():

    def spoilt_note(desk: Desk, spoil: Any = spoil) -> None:
        desk.refuses(altered(spoil), 7, f"version 2: the vote of cadiz {WHOLE}")

    add(f"note-{name}", sentence, spoilt_note)


@case("note-512-signatures", "A note of 512 signatures is one.")
def _(desk: Desk) -> None:
    desk.accepts(altered(lambda lines: [*lines[:4], *["\u2014 x AAAAAAA="] * 512, ""]))


@case("note-beyond-a-record", "A ballot is a record: over 65,535 bytes it is none.")
def _(desk: Desk) -> None:
    desk.refuses(altered(lambda lines: [*lines[:4], *[lines[4]] * 400, ""]), 7, "bytes, at most 65535")


@case("note-largest-log", "A head of 2^40 records is a head.")
def _(desk: Desk) -> None:
    desk.accepts(altered(lambda lines: [lines[0], str(2**40), *lines[2:]]))


@case("note-line-feed-inside", "A line of a note holds no line feed: canonical text has none.")
def _(desk: Desk) -> None:
    desk.refuses(altered(lambda lines: ["\n".join(lines)]), 7, "a control character in a text")


@case("heads-in-order", "Heads stand sorted by log, one of each log concerned.")
def _(desk: Desk) -> None:
    chain = founded(7)
    text = chain.following(leaves("gdansk"), put_member("hilden", rights=[]))
    voters = NAMES[:6]
    desk.accepts(chain.with_amendment(text, chain.votes(text, voters)))
    for order in (slice(None, None, -1), slice(0, 1), slice(1, 2)):
        votes = chain.votes(text, voters)
        votes[2] = chain.vote(text, "delft", heads=chain.ballot(text, "delft")["heads"][order])
        desk.refuses(chain.with_amendment(text, votes), 7, f"version 2: the vote of delft {WHOLE}")


@case("heads-of-who-joins", "Who is to join saw nothing as a member, and names no head.")
def _(desk: Desk) -> None:
    chain = founded(7)
    text = chain.following(leaves("hilden"), joins(member("oslo")))
    votes = chain.votes(text, NAMES[:5])
    given = chain.vote(text, "oslo", heads=[head(chain.fingerprint, "hilden", 3, "oslo")])
    desk.refuses(chain.with_amendment(text, [*votes, given]), 7, f"version 2: the vote of oslo {WHOLE}")
    desk.accepts(chain.with_amendment(text, [*votes, chain.vote(text, "oslo")]))


@case("heads-where-none-end", "Where no log ends, a vote names no head.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(put("review_by", "2030-01"))
    votes = chain.votes(text, NAMES[:4])
    votes[0] = chain.vote(text, "bergen", heads=[head(chain.fingerprint, "faro", 3, "bergen")])
    desk.refuses(chain.with_amendment(text, votes), 7, f"version 2: the vote of bergen {WHOLE}")


def narrowed(levels: list[str], before: list[str]) -> tuple[Chain, Change]:
    """Five members, and another set of levels for one of them."""
    chain = founded([*map(member, NAMES[:4]), member("faro", levels=before)])
    return chain, put_member("faro", rights=[{"scheme": "ecei", "levels": levels}] if levels else [])


@case("rights-removed", "A right less needs the heads of that log: one level, or all.")
def _(desk: Desk) -> None:
    for levels in (["BRONZE", "SILVER"], []):
        chain, change = narrowed(levels, LEVELS)
        text = chain.following(change)
        bare = [chain.vote(text, agency, heads=[]) for agency in NAMES[:4]]
        desk.refuses(chain.with_amendment(text, bare), 7, f"version 2: the vote of bergen {WHOLE}")
        desk.refuses(chain.amended(change, by=NAMES[:3]), 7, "version 2: 3 of 4 votes needed of the members of version 1")
        desk.accepts(chain.amended(change, by=NAMES[:4]))
        desk.pin(chain.fingerprint).unlink()


@case("rights-added", "A right more needs no head, and takes none.")
def _(desk: Desk) -> None:
    chain, change = narrowed(LEVELS, ["GOLD"])
    text = chain.following(change)
    given = [chain.vote(text, agency, heads=[head(chain.fingerprint, "faro", 3, agency)]) for agency in NAMES[:3]]
    desk.refuses(chain.with_amendment(text, given), 7, f"version 2: the vote of bergen {WHOLE}")
    desk.accepts(chain.amended(change, by=NAMES[:3]))


@case("rights-exchanged", "One right for another is a right less.")
def _(desk: Desk) -> None:
    chain, change = narrowed(["SILVER"], ["GOLD"])
    text = chain.following(change)
    bare = [chain.vote(text, agency, heads=[]) for agency in NAMES[:4]]
    desk.refuses(chain.with_amendment(text, bare), 7, WHOLE)
    desk.accepts(chain.amended(change, by=NAMES[:4]))


@case("rights-written-otherwise", "The same rights in another order, or twice, change nothing.")
def _(desk: Desk) -> None:
    chain, change = narrowed(LEVELS[::-1], LEVELS)
    desk.refuses(chain.amended(change), 7, "version 2: it changes nothing")
    chain, change = narrowed([*LEVELS, "GOLD"], LEVELS)
    desk.refuses(chain.amended(change), 7, "version 2: it changes nothing")


@case("expel-of-two", "Two members cannot expel each other: it takes both votes.")
def _(desk: Desk) -> None:
    chain = founded(2)
    desk.refuses(chain.amended(leaves("cadiz"), by=["bergen"]), 7, "version 2: 1 of 2 votes needed of the members of version 1")


@case("leave-of-two", "Of two members one may leave when both agree.")
def _(desk: Desk) -> None:
    desk.accepts(founded(2).amended(leaves("cadiz"), by=["bergen", "cadiz"]))


@case("leave-the-last", "The last member cannot leave.")
def _(desk: Desk) -> None:
    desk.refuses(founded(1).amended(leaves("bergen")), 7, "0 members; 1 to 300 are allowed")


@case("cut-off-without-witnesses", "A log that nobody watches has no end that anybody saw: alone, no right can be taken away.")
def _(desk: Desk) -> None:
    desk.refuses(founded(1).amended(put_member("bergen", rights=[])), 7, f"version 2: {FEW} bergen")


@case("cut-off-one-parent", "Agencies under one parent do not watch each other: among them no log has an end.")
def _(desk: Desk) -> None:
    chain = founded([member(agency, parent="Ministry") for agency in NAMES[:3]])
    desk.refuses(chain.amended(leaves("delft")), 7, f"version 2: {FEW} delft")
    watched = founded([*(member(agency, parent="Ministry") for agency in NAMES[:3]), member("espoo")])
    desk.accepts(watched.amended(leaves("delft"), by=["bergen", "cadiz", "espoo"]))


@case("cut-off-of-two", "Two logs may end in one amendment, each by those who watched it.")
def _(desk: Desk) -> None:
    chain = founded(7)
    desk.accepts(chain.amended(leaves("gdansk", "hilden"), by=["bergen", "cadiz", "delft", "espoo", "gdansk"]))


def expulsion_from_300(cosigned_by: int) -> Chain:
    """The largest federation expels a member; each of 201 voters names a head with so many cosignatures."""
    agencies = [f"agency-{number:03}" for number in range(300)]
    chain = founded([member(agency) for agency in agencies])
    text = chain.following(leaves("agency-299"))
    lines = note(chain.fingerprint, "agency-299", 3, agencies[0]).split("\n")
    more = [note(chain.fingerprint, "agency-299", 3, agency).split("\n")[5] for agency in agencies[1:cosigned_by]]
    named = [{"log": {"agency": "agency-299", "epoch": 1}, "note": [*lines[:-1], *more, ""]}]
    charter = text_hash(text)
    return chain.with_amendment(text, [chain.vote(text, agency, heads=named, charter=charter) for agency in agencies[:201]])


@case("expel-from-300", "The largest federation expels a member; each voter names the head with one cosignature, its own.")
def _(desk: Desk) -> None:
    chain = expulsion_from_300(1)
    desk.accepts(chain)
    desk.notes.append(f"size: {len(chain.file()):,} bytes with two versions")


@case("expel-from-300-with-final-heads", "A head in a vote needs one cosignature, its voter's: with all 200 of them no file holds the votes.")
def _(desk: Desk) -> None:
    desk.refuses(expulsion_from_300(200), 7, "is larger than 4194304 bytes")


@case("head-of-any-epoch-number", "An epoch is a number from 0 to 2^32 - 1, and only the first log is concerned.")
def _(desk: Desk) -> None:
    chain, text, votes = expelled()
    for epoch in (0, 4294967295):
        wrong = copy.deepcopy(chain.ballot(text, "cadiz")["heads"])
        wrong[0]["log"]["epoch"] = epoch
        desk.refuses(chain.with_amendment(text, [votes[0], chain.vote(text, "cadiz", heads=wrong), *votes[2:]]), 7, WHOLE)
    wrong[0]["log"]["epoch"] = 4294967296
    desk.refuses(chain.with_amendment(text, [chain.vote(text, "cadiz", heads=wrong)]), 7, "not of the expected shape")


@case("head-origin-exactly", "The origin in a head is compared as a whole.")
def _(desk: Desk) -> None:
    for other in ("x", "", "/1", "/witness", " "):
        desk.refuses(altered(lambda lines, other=other: [lines[0] + other, *lines[1:]] if other else [lines[0][:-1], *lines[1:]]), 7, WHOLE)
    desk.refuses(altered(lambda lines: [origin("00" * 32, "hilden"), *lines[1:]]), 7, WHOLE)
