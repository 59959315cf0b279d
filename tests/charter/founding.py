"""The founding document: who signs it, and what may stand in it."""

import copy
from typing import Any

from . import keys
from .cases import add, case
from .desk import Desk
from .federation import DISCLOSURE, NAMES, NOISE, POOL, RETENTION, TABLES, Chain, Change, charter, consent, find, founded, member, put, put_member
from .keys import identity, key
from .text import ZERO, Json, encode, text_hash

SHAPE = "not of the expected shape"
FORGED = "the signature does not verify"
FIVE = NAMES[:5]


def resigned(change: Change) -> Chain:
    """Five founders of a text that was changed before they signed."""
    return founded(5, change)


def with_signature(agency: str, signature: str) -> Chain:
    """Five founders, one of whom has this signature."""
    chain = founded(5)
    document = copy.deepcopy(chain.founding)
    next(entry for entry in document["signatures"] if entry["agency"] == agency)["signature"] = signature
    return Chain(document)


@case("founding-all-sign", "Version 1 signed by all its founders is a federation.")
def _(desk: Desk) -> None:
    chain = founded(5)
    desk.accepts(chain)
    desk.trusts(chain)


@case("founding-of-one", "One founder is enough to found; what it can prove is another matter.")
def _(desk: Desk) -> None:
    desk.accepts(founded(1))


@case("founding-signatures-in-any-order", "Signatures need no order.")
def _(desk: Desk) -> None:
    chain = founded(5)
    desk.accepts(Chain({"charter": chain.founding["charter"], "signatures": chain.founding["signatures"][::-1]}))


@case("founding-demonstration", "A demonstration is taken, and it is said to be one.")
def _(desk: Desk) -> None:
    chain = founded(3, put("demonstration", True))
    desk.accepts(chain)
    text = desk.run("trust", "show").out.decode()
    if "(DEMONSTRATION)" not in text:
        raise AssertionError(f"`trust show` says nothing of a demonstration: {text}")


@case("founding-one-missing", "A founder that has not signed is named.")
def _(desk: Desk) -> None:
    desk.refuses(founded(5, signers=["bergen", "cadiz", "espoo", "faro"]), 7, "these founders have not signed: delft")


@case("founding-nobody-signs", "Without signatures all founders are named.")
def _(desk: Desk) -> None:
    desk.refuses(founded(2, signers=[]), 7, "these founders have not signed: bergen, cadiz")


@case("founding-stranger-signs-too", "A signature of somebody who is no founder is refused, though all founders signed.")
def _(desk: Desk) -> None:
    desk.refuses(founded(5, signers=[*FIVE, "porto"]), 7, "porto signed but is no member")


@case("founding-stranger-instead", "A stranger cannot stand in for a founder.")
def _(desk: Desk) -> None:
    desk.refuses(founded(5, signers=[*FIVE[:4], "porto"]), 7, "porto signed but is no member")


@case("founding-one-signs-twice", "One signature twice does not replace another founder's.")
def _(desk: Desk) -> None:
    chain = founded(2, signers=["bergen"])
    signatures = chain.founding["signatures"] * 2
    desk.refuses(Chain(chain.founding | {"signatures": signatures}), 7, "these founders have not signed: cadiz")


@case("founding-one-signs-twice-beside-all", "One signature twice beside all others counts once, and is kept as it came.")
def _(desk: Desk) -> None:
    chain = founded(2)
    desk.accepts(Chain(chain.founding | {"signatures": chain.founding["signatures"] * 2}))


@case("founding-one-signs-for-two", "A founder's key does not sign for another founder.")
def _(desk: Desk) -> None:
    text = founded(2).founding["charter"]
    signatures = [consent(text, "bergen"), consent(text, "cadiz", identity("bergen"))]
    desk.refuses(Chain({"charter": text, "signatures": signatures}), 7, f"cadiz: {FORGED}")


@case("founding-signatures-exchanged", "Two founders' signatures under each other's names are refused.")
def _(desk: Desk) -> None:
    text = founded(2).founding["charter"]
    signatures = [consent(text, "bergen", identity("cadiz")), consent(text, "cadiz", identity("bergen"))]
    desk.refuses(Chain({"charter": text, "signatures": signatures}), 7, f"bergen: {FORGED}")


@case("founding-successor-signs", "The successor of an identity key does not sign before it is listed.")
def _(desk: Desk) -> None:
    text = founded(1).founding["charter"]
    desk.refuses(Chain({"charter": text, "signatures": [consent(text, "bergen", identity("bergen", 1))]}), 7, f"bergen: {FORGED}")


for purpose in ("member", "keyset", "vote", "envelope", "offer", "acceptance", "review"):

    def other_purpose(desk: Desk, purpose: str = purpose) -> None:
        text = founded(2).founding["charter"]
        signatures = [consent(text, "bergen"), consent(text, "cadiz", purpose=purpose)]
        desk.refuses(Chain({"charter": text, "signatures": signatures}), 7, f"cadiz: {FORGED}")

    add(f"founding-purpose-{purpose}", f"A signature of purpose `{purpose}` is no consent to a charter.", other_purpose)


@case("founding-of-another-federation", "A signature over the same text is bound to the fingerprint that it names.")
def _(desk: Desk) -> None:
    text = founded(2).founding["charter"]
    for other in (ZERO, text_hash(founded(3).founding["charter"])):
        signatures = [consent(text, "bergen", fingerprint=other), consent(text, "cadiz")]
        desk.refuses(Chain({"charter": text, "signatures": signatures}), 7, f"bergen: {FORGED}")


@case("founding-bare-text-signed", "A signature over the text without its preimage is refused.")
def _(desk: Desk) -> None:
    raw = identity("delft").raw(encode(founded(5).founding["charter"])).hex()
    desk.refuses(with_signature("delft", raw), 7, f"delft: {FORGED}")


@case("founding-signature-malleated", "S with the group's order added is refused.")
def _(desk: Desk) -> None:
    signature = consent(founded(5).founding["charter"], "delft")["signature"]
    desk.refuses(with_signature("delft", keys.malleated(signature)), 7, f"delft: {FORGED}")


@case("founding-signature-neutral-point", "A signature whose R is of small order satisfies the equation and is refused.")
def _(desk: Desk) -> None:
    text = founded(5).founding["charter"]
    crafted = identity("delft").sign_with_neutral_point("charter", text_hash(text), encode(text))
    desk.refuses(with_signature("delft", crafted), 7, f"delft: {FORGED}")


@case("founding-signature-bits", "A signature with any one bit turned is refused.")
def _(desk: Desk) -> None:
    signature = bytes.fromhex(consent(founded(5).founding["charter"], "delft")["signature"])
    for bit in (0, 7, 100, 255, 256, 300, 511):
        turned = bytearray(signature)
        turned[bit // 8] ^= 1 << bit % 8
        desk.refuses(with_signature("delft", turned.hex()), 7, f"delft: {FORGED}")


@case("founding-signature-written-otherwise", "A signature is 128 lowercase hex digits, not fewer, more, or others.")
def _(desk: Desk) -> None:
    signature = consent(founded(5).founding["charter"], "delft")["signature"]
    upper = signature.upper()
    for other in ("", signature[:-2], signature[:-1], f"{signature}00", upper, f"0x{signature[2:]}", f" {signature[1:]}"):
        desk.refuses(with_signature("delft", other), 7, SHAPE)
    desk.refuses(with_signature("delft", "00" * 64), 7, f"delft: {FORGED}")


@case("founding-weak-key", "An identity key of small order is no key, whoever signs.")
def _(desk: Desk) -> None:
    for weak in (keys.NEUTRAL, bytes(32), bytes([0xEC]) + b"\xff" * 30 + b"\x7f"):
        desk.refuses(resigned(put_member("cadiz", identity=weak.hex())), 7, SHAPE)


@case("founding-key-not-canonical", "A second encoding of a point is no key, nor is what is no point.")
def _(desk: Desk) -> None:
    for other in (keys.NOT_CANONICAL.hex(), "02" + "00" * 31, identity("cadiz").hex.upper(), identity("cadiz").hex[:-2]):
        desk.refuses(resigned(put_member("cadiz", identity=other)), 7, SHAPE)


SHARED = "has a key that another member or role has too"


@case("founding-key-of-two-members", "Two members cannot have one identity key.")
def _(desk: Desk) -> None:
    desk.refuses(resigned(put_member("cadiz", identity=identity("bergen").hex)), 7, f"cadiz {SHARED}")


@case("founding-successor-of-two-members", "Two members cannot commit to one successor.")
def _(desk: Desk) -> None:
    desk.refuses(resigned(put_member("delft", successor=identity("bergen", 1).hash)), 7, f"delft {SHARED}")


@case("founding-successor-in-use", "A successor cannot be a key in use, neither the own one nor another member's.")
def _(desk: Desk) -> None:
    desk.refuses(resigned(put_member("delft", successor=identity("delft").hash)), 7, f"delft {SHARED}")
    desk.refuses(resigned(put_member("bergen", successor=identity("delft").hash)), 7, f"delft {SHARED}")


@case("founding-members-unsorted", "Members stand sorted by id.")
def _(desk: Desk) -> None:
    desk.refuses(founded([member("cadiz"), member("bergen")]), 7, "members must be sorted by id, each once (bergen)")


@case("founding-member-twice", "A member stands there once, with other keys too.")
def _(desk: Desk) -> None:
    twice = [member("bergen"), member("bergen", 2)]
    desk.refuses(founded(twice), 7, "members must be sorted by id, each once (bergen)")


@case("founding-no-members", "A federation has members.")
def _(desk: Desk) -> None:
    desk.refuses(founded(0), 7, "0 members; 1 to 300 are allowed")


@case("founding-300-members", "Three hundred members are a federation.")
def _(desk: Desk) -> None:
    desk.accepts(founded([member(f"agency-{number:03}") for number in range(300)]))


@case("founding-301-members", "One more is over the limit.")
def _(desk: Desk) -> None:
    desk.refuses(founded([member(f"agency-{number:03}") for number in range(301)]), 7, "301 members; 1 to 300 are allowed")


@case("founding-version-not-1", "The founding document is version 1.")
def _(desk: Desk) -> None:
    previous = put("previous", ZERO)
    for version in (0, 2, 4294967295):
        desk.refuses(founded(3, put("version", version)), 7, f"version {version} without a predecessor")
    desk.refuses(founded(3, put("version", 2), previous), 7, "version 2 with a predecessor")
    for other in (-1, 4294967296, "1", True):
        desk.refuses(founded(3, put("version", other)), 7, SHAPE)


@case("founding-with-previous", "Version 1 follows nothing.")
def _(desk: Desk) -> None:
    desk.refuses(founded(3, put("previous", ZERO)), 7, "version 1 with a predecessor")


@case("founding-text-changed-after", "Any change of the text after the signatures makes it another federation's, which nobody signed.")
def _(desk: Desk) -> None:
    chain = founded(3)
    altered = copy.deepcopy(chain.founding)
    altered["charter"]["status_max_age_days"] = 36
    desk.refuses(Chain(altered).file(fingerprint=chain.fingerprint), 7, "this is the charter of federation")
    desk.refuses(Chain(altered), 7, f"bergen: {FORGED}")


@case("founding-scheme-unknown", "A right names a scheme of the charter.")
def _(desk: Desk) -> None:
    right = [{"scheme": "other", "levels": ["GOLD"]}]
    desk.refuses(resigned(put_member("cadiz", rights=right)), 7, "the scheme other is not in the charter")


@case("founding-months-after-a-level", "Months between two levels name the level that comes first, and end after they begin.")
def _(desk: Desk) -> None:
    def after(first: str | None, start: int, end: int) -> Change:
        fields: Json = {"predecessor_months": {"from": start, "to": end}} | ({"predecessor": first} if first else {})
        return lambda text: text["schemes"][0]["rules"][1].update(fields)

    for first, start, end in ((None, 18, 24), ("BRONZE", 24, 18)):
        desk.refuses(resigned(after(first, start, end)), 7, "SILVER of the scheme ecei: its months after another level say nothing")
    desk.accepts(resigned(after("BRONZE", 18, 24)))
    desk.accepts(resigned(after("BRONZE", 18, 18)))


@case("founding-catalogue-unknown", "A level names a catalogue of the charter.")
def _(desk: Desk) -> None:
    desk.refuses(resigned(put("catalogues", [])), 7, "the catalogue ecei-2026 is not listed in the charter")


@case("founding-ties", "Ties are of members to other agencies or their clusters, in order and each once.")
def _(desk: Desk) -> None:
    def tie(agency: str, to: str, **fields: str) -> Json:
        return {"agency": agency, "to": to} | fields

    cluster = "cadiz/" + "0f" * 12
    good = [tie("bergen", "cadiz", until="2026-10"), tie("bergen", cluster), tie("delft", "somebody-gone")]
    desk.accepts(resigned(put("ties", good)))
    for agency, ties in (
        ("oslo", [tie("oslo", "bergen")]),
        ("cadiz", [tie("cadiz", "cadiz")]),
        ("cadiz", [tie("cadiz", cluster)]),
        ("bergen", [tie("bergen", "cadiz"), tie("bergen", "cadiz", until="2026-10")]),
        ("bergen", [tie("bergen", "delft"), tie("bergen", "cadiz")]),
        ("bergen", [tie("bergen", cluster), tie("bergen", "delft")]),
        ("bergen", [tie("cadiz", "delft"), tie("bergen", "delft")]),
    ):
        desk.refuses(resigned(put("ties", ties)), 7, f"the ties of {agency}: each is of a member to somebody else")
    for other in (tie("bergen", "Cadiz"), tie("bergen", "cadiz/0f"), tie("bergen", "cadiz", until="2026-10-01"), tie("bergen", "cadiz", why="x")):
        desk.refuses(resigned(put("ties", [other])), 7, SHAPE)


@case("founding-disclosure-floor", "Statistics hide counts below 3 at least, and protect them by 1 at least.")
def _(desk: Desk) -> None:
    for minimum, protection in ((2, 2), (0, 2), (5, 0)):
        weak = put("disclosure", {"minimum": minimum, "protection": protection})
        desk.refuses(resigned(weak), 7, f"disclosure parameters are too weak: minimum {minimum} (at least 3), protection {protection}")
    desk.accepts(resigned(put("disclosure", {"minimum": 3, "protection": 1})))


def hides(**fields: Any) -> Change:
    """What statistics hide, with these fields more."""
    return put("disclosure", {"minimum": 5, "protection": 2} | fields)


@case("founding-noise", "Noise on published counts may be left out, and has bounds which its maximum and the minimum set.")
def _(desk: Desk) -> None:
    desk.accepts(resigned(put("disclosure", DISCLOSURE)))
    for minimum in (3, 5, 100):
        for maximum in (1, 2, 3, 5, 10):
            least, most = -(-maximum * maximum // 2), min(minimum, maximum) * (maximum + 1) * 10 // 3
            for tenths in (least, most):
                desk.accepts(resigned(hides(minimum=minimum, noise={"maximum": maximum, "tenths": tenths})))
            for tenths in (0, least - 1, most + 1):
                refused = f"with one of {maximum} a variance of {least} to {most} tenths, not {tenths}"
                desk.refuses(resigned(hides(minimum=minimum, noise={"maximum": maximum, "tenths": tenths})), 7, refused)
    for maximum in (0, 21, 255):
        desk.refuses(resigned(hides(noise={"maximum": maximum, "tenths": 20})), 7, "noise: a maximum of 1 to 20")
    for wrong in (3, {"maximum": 3}, {"tenths": 20}, NOISE | {"maximum": 256}, NOISE | {"tenths": -1}, NOISE | {"mean": 1}):
        desk.refuses(resigned(hides(noise=wrong)), 7, SHAPE)


@case("founding-rounding", "Counts are rounded to multiples of 3, 5 or 10, and have no noise then.")
def _(desk: Desk) -> None:
    for base in (3, 5, 10):
        desk.accepts(resigned(hides(rounding=base)))
        desk.refuses(resigned(hides(rounding=base, noise=NOISE)), 7, "counts get noise or are rounded, not both")
    for base in (0, 1, 2, 4, 15, 2**32 - 1):
        desk.refuses(resigned(hides(rounding=base)), 7, f"rounding: to multiples of 3, 5 or 10, not of {base}")
    for wrong in (-5, 2**32, "5", [5]):
        desk.refuses(resigned(hides(rounding=wrong)), 7, SHAPE)


@case("founding-pool", "Pools may be left out; whoever could publish nothing alone is in one.")
def _(desk: Desk) -> None:
    desk.accepts(resigned(hides(pool=POOL)))
    desk.accepts(resigned(hides(pool=POOL | {"below": 5})))
    desk.refuses(resigned(hides(pool=POOL | {"below": 4})), 7, "pools: agencies below 4 clusters are pooled; those below 5 can publish nothing alone")
    for wrong in ({"below": 15}, POOL | {"from": "2027-Q5"}, POOL | {"from": "2027"}, POOL | {"below": -1}, POOL | {"until": "2028-Q1"}):
        desk.refuses(resigned(hides(pool=wrong)), 7, SHAPE)


@case("founding-tables", "Tables stand in any order, each once; without any the field is left out.")
def _(desk: Desk) -> None:
    for tables in (TABLES, TABLES[::-1], ["level"]):
        desk.accepts(resigned(hides(tables=tables)))
    desk.refuses(resigned(hides(tables=["field", "level", "field"])), 7, "tables: each of country, region, field and level once at most")
    for wrong in (["size"], ["Field"], "field", [["field"]]):
        desk.refuses(resigned(hides(tables=wrong)), 7, SHAPE)


@case("founding-retention", "How long members keep what is confidential may be left out, and has bounds.")
def _(desk: Desk) -> None:
    desk.accepts(resigned(put("retention", RETENTION)))
    for name, lowest, highest in (("dossier_days", 1, 365), ("review_days", 30, 3650), ("assessment_months", 6, 240)):
        for value in (lowest, highest):
            desk.accepts(resigned(put("retention", RETENTION | {name: value})))
        for value in (lowest - 1, highest + 1):
            desk.refuses(resigned(put("retention", RETENTION | {name: value})), 7, "retention: dossiers are kept 1 to 365 days")
        desk.refuses(resigned(put("retention", RETENTION | {name: -1})), 7, SHAPE)
        desk.refuses(resigned(put("retention", {field: value for field, value in RETENTION.items() if field != name})), 7, SHAPE)


@case("founding-names-and-codes", "Ids, countries, names, times and months have one grammar.")
def _(desk: Desk) -> None:
    changes: list[Json] = [
        *({"id": name} for name in ("be", "Bergen", "bergen_", "bergen/x", "../bergen", "/bergen", "?bergen", "#bergen", "é" * 4, "x" * 33)),
        *({"country": name} for name in ("no", "NOR", "N1", "")),
        *({"name": name} for name in ("", " x", "x ", "a\u202eb", "a\u200bb", "\ufeffa", "x" * 201)),
        *({"parent": name} for name in ("", "a\u2066b")),
    ]
    for change in changes:
        desk.refuses(founded([member("bergen") | change], signers=[]), 7, SHAPE)
    for name, value in (("created", "2026-02-30T00:00:00Z"), ("created", "2026-11-24 05:00:00Z"), ("review_by", "2026-13"), ("name", "")):
        desk.refuses(founded(1, put(name, value)).file(name="x"), 7, SHAPE)


@case("founding-field-missing", "Every field of a charter and of a member has to be there, but previous, parent and predecessor.")
def _(desk: Desk) -> None:
    whole = charter([member("bergen")])
    for name in whole:
        text = {field: value for field, value in whole.items() if field != name}
        desk.refuses(encode(founded(1).document() | {"founding": {"charter": text, "signatures": []}}), 7, SHAPE)
    for name in whole["members"][0]:
        text = copy.deepcopy(whole)
        del find(text, "bergen")[name]
        desk.refuses(encode(founded(1).document() | {"founding": {"charter": text, "signatures": []}}), 7, SHAPE)


@case("founding-parents", "Agencies may stand under one parent from the start.")
def _(desk: Desk) -> None:
    desk.accepts(founded([member("bergen", parent="Ministry"), member("cadiz", parent="Ministry")]))


@case("founding-contacts", "Addresses are hints: any texts, which name nobody.")
def _(desk: Desk) -> None:
    desk.accepts(founded(2, put_member("cadiz", contacts=["/dns/cadiz.example/tcp/7443/p2p/" + key("p").hex[:52]])))


FORMER: Json = {
    "federation": text_hash("another federation"),
    "version": 3,
    "charter": text_hash("its last charter"),
    "heads": [{"agency": name, "size": 7, "root": text_hash(name)} for name in ("bergen", "porto")],
}


@case("founding-again", "A federation may name the one that it continues; that one stays another federation.")
def _(desk: Desk) -> None:
    chain = founded(3, put("refounds", FORMER))
    desk.accepts(chain)
    desk.trusts(chain)
    if "It continues" in desk.run("trust", "show").out.decode():
        raise AssertionError("what a federation says of itself is shown as trusted")
    desk.accepts(founded(3, put("refounds", FORMER | {"heads": []})))


@case("founding-again-out-of-order", "What is continued is told in order, each log once, none of them empty.")
def _(desk: Desk) -> None:
    heads = FORMER["heads"]
    for wrong in (heads[::-1], [heads[0], heads[0]], [heads[0] | {"size": 0}], [heads[0] | {"size": 2**40 + 1}]):
        desk.refuses(founded(3, put("refounds", FORMER | {"heads": wrong})), 7, "the federation that is continued")
    desk.refuses(founded(3, put("refounds", FORMER | {"version": 0})), 7, "the federation that is continued")
    desk.refuses(founded(3, put("refounds", FORMER | {"federation": ZERO})), 7, "the federation that is continued")
    desk.refuses(founded(3, put("refounds", {"federation": ZERO})), 7, SHAPE)


@case("founding-again-later", "Which federation is continued no majority changes.")
def _(desk: Desk) -> None:
    chain = founded(3, put("refounds", FORMER))
    desk.accepts(chain.amended(put("name", "Renamed")))
    for chain, change in ((founded(3), put("refounds", FORMER)), (chain, put("refounds", FORMER | {"version": 4}))):
        text = chain.following(put("name", "Renamed"), change)
        votes = chain.votes(text, [entry["id"] for entry in chain.newest["members"]])
        desk.refuses(chain.with_amendment(text, votes), 7, "cannot change")
