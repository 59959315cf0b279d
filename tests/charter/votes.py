"""What a vote is: by a member, with its key, for this text, once."""

import copy

from .cases import add, case
from .desk import Desk
from .federation import NAMES, Chain, Change, founded, joins, member, put, put_member, rotates
from .keys import identity, malleated
from .text import ZERO, Json, encode, text_hash

FORGED = "the signature does not verify"
LATER: Change = put("review_by", "2030-01")
OTHER: Change = put("review_by", "2031-01")


def with_votes(chain: Chain, text: Json, *more: Json) -> Chain:
    """Agreed to by the first four of five, and these."""
    return chain.with_amendment(text, [*chain.votes(text, NAMES[:4]), *more])


@case("vote-order", "Votes need no order.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    desk.accepts(chain.with_amendment(text, chain.votes(text, NAMES[:5])[::-1]))


@case("vote-twice", "The same vote twice is refused, also when it is not needed.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    desk.refuses(with_votes(chain, text, chain.vote(text, "delft")), 7, "version 2: two votes of delft")
    desk.refuses(chain.with_amendment(text, chain.votes(text, ["bergen"] * 3)), 7, "version 2: two votes of bergen")


@case("vote-two-different", "Two different votes of one agency are refused, whichever comes first.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text, other = chain.following(LATER), chain.following(OTHER)
    for pair in ([text, other], [other, text]):
        votes = chain.votes(text, NAMES[:3]) + [chain.vote(one, "espoo") for one in pair]
        desk.refuses(chain.with_amendment(text, votes), 7, "version 2: espoo voted on something else")


@case("vote-by-both-keys", "An agency that changes its key has one vote, not one for each key.")
def _(desk: Desk) -> None:
    chain = founded(2)
    text = chain.following(rotates("bergen"))
    both = [chain.vote(text, "bergen"), chain.signed(chain.ballot(text, "bergen"), identity("bergen", 1)), chain.vote(text, "cadiz")]
    desk.refuses(chain.with_amendment(text, both), 7, "two votes of bergen")


@case("vote-against", "A vote against it among those for it is refused; it is no vote for it.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    desk.refuses(with_votes(chain, text, chain.vote(text, "faro", accept=False)), 7, "version 2: faro rejects it")


@case("vote-turned-round", "A vote against cannot be turned into one for it.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    against = chain.vote(text, "faro", accept=False)
    against["body"]["accept"] = True
    desk.refuses(with_votes(chain, text, against), 7, f"version 2: faro: {FORGED}")


@case("vote-for-another-version", "A vote that names another version is refused.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    for version in (0, 1, 3, 4294967295):
        desk.refuses(with_votes(chain, text, chain.vote(text, "faro", version=version)), 7, "version 2: faro voted on something else")


@case("vote-for-another-text", "A vote for another text of the same version is refused.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    for other in (text_hash(chain.following(OTHER)), text_hash(chain.newest), ZERO):
        desk.refuses(with_votes(chain, text, chain.vote(text, "faro", charter=other)), 7, "version 2: faro voted on something else")


@case("vote-by-a-stranger", "A vote of somebody who is a member of neither version is refused.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    desk.refuses(with_votes(chain, text, chain.vote(text, "porto")), 7, "version 2: porto signed but is no member")


@case("vote-under-anothers-name", "A member cannot vote under another's name.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    desk.refuses(with_votes(chain, text, chain.signed(chain.ballot(text, "faro"), identity("bergen"))), 7, f"version 2: faro: {FORGED}")


@case("vote-by-the-successor", "A successor that the next version does not list does not vote.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    desk.refuses(with_votes(chain, text, chain.signed(chain.ballot(text, "faro"), identity("faro", 1))), 7, f"version 2: faro: {FORGED}")


@case("vote-by-the-new-key", "A vote by the key that only the next version lists counts there, not for the version of now.")
def _(desk: Desk) -> None:
    chain = founded(2)
    text = chain.following(rotates("bergen"))
    fresh = chain.signed(chain.ballot(text, "bergen"), identity("bergen", 1))
    desk.refuses(chain.with_amendment(text, [fresh, chain.vote(text, "cadiz")]), 7, "1 of 2 votes needed of the members of version 1")


@case("vote-by-the-old-key", "After a key change the old key votes no more, and the new one does.")
def _(desk: Desk) -> None:
    chain = founded(3).amended(rotates("bergen"))
    text = chain.following(LATER)
    old = chain.signed(chain.ballot(text, "bergen"), identity("bergen"))
    desk.refuses(chain.with_amendment(text, [old, chain.vote(text, "cadiz")]), 7, f"version 3: bergen: {FORGED}")
    desk.accepts(chain.amended(LATER, by=["bergen", "cadiz"]))


@case("vote-by-a-former-member", "Who left votes no more.")
def _(desk: Desk) -> None:
    chain = founded(5).amended(lambda text: text["members"].pop(0), by=NAMES[1:5])
    text = chain.following(LATER)
    desk.refuses(chain.with_amendment(text, chain.votes(text, NAMES[:4])), 7, "version 3: bergen signed but is no member")


@case("vote-before-joining", "Who is to join does not vote on what comes before.")
def _(desk: Desk) -> None:
    chain = founded(2)
    text = chain.following(LATER)
    desk.refuses(chain.with_amendment(text, chain.votes(text, ["bergen", "cadiz", "porto"])), 7, "porto signed but is no member")
    desk.accepts(chain.amended(joins(member("porto")), by=["bergen", "cadiz", "porto"]))


for purpose in ("charter", "keyset", "member", "review"):

    def other_purpose(desk: Desk, purpose: str = purpose) -> None:
        chain = founded(5)
        text = chain.following(LATER)
        vote = chain.signed(chain.ballot(text, "faro"), purpose=purpose)
        desk.refuses(with_votes(chain, text, vote), 7, f"version 2: faro: {FORGED}")

    add(f"vote-purpose-{purpose}", f"A signature of purpose `{purpose}` is no vote.", other_purpose)


@case("vote-charter-consent", "A founder's way of consenting, over the next text, is no vote for it.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    consent = identity("faro").sign("charter", chain.fingerprint, encode(text))
    desk.refuses(with_votes(chain, text, {"body": chain.ballot(text, "faro"), "signature": consent}), 7, f"version 2: faro: {FORGED}")


@case("vote-of-another-federation", "A vote is bound to the fingerprint: of a federation of the same agencies with the same keys it is none.")
def _(desk: Desk) -> None:
    chain, twin = founded(5), founded(5, put("name", "Twin"))
    text = chain.following(LATER)
    for other in (twin.fingerprint, ZERO, text_hash(text)):
        vote = chain.signed(chain.ballot(text, "faro"), fingerprint=other)
        desk.refuses(with_votes(chain, text, vote), 7, f"version 2: faro: {FORGED}")


@case("vote-invalid-beside-enough", "One wrong vote beside enough right ones spoils the amendment: what is passed on is what was agreed.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    good = chain.vote(text, "faro")
    for signature in (malleated(good["signature"]), "00" * 64, chain.vote(text, "bergen")["signature"]):
        desk.refuses(with_votes(chain, text, good | {"signature": signature}), 7, f"version 2: faro: {FORGED}")
    desk.accepts(with_votes(chain, text, good))


@case("vote-signature-cut", "A vote's signature is 128 lowercase hex digits.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(LATER)
    good = chain.vote(text, "faro")
    for signature in (good["signature"][:-2], good["signature"].upper(), ""):
        desk.refuses(with_votes(chain, text, good | {"signature": signature}), 7, "not of the expected shape")


@case("vote-altered", "Whatever of a vote is altered after it was signed, it is refused.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text = chain.following(put_member("bergen", rights=[]))
    good = chain.vote(text, "faro", 5)
    for size in (0, 4, 6):
        altered = copy.deepcopy(good)
        altered["body"]["heads"] = chain.ballot(text, "faro", size)["heads"]
        desk.refuses(with_votes(chain, text, altered), 7, f"version 2: faro: {FORGED}")
    altered = copy.deepcopy(good)
    altered["body"]["heads"] = []
    desk.refuses(with_votes(chain, text, altered), 7, f"version 2: faro: {FORGED}")
    desk.accepts(with_votes(chain, text, good))


@case("mix-votes-on-another-text", "Mix and match: the votes of one amendment under another text of the same version are refused.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text, other = chain.following(LATER), chain.following(OTHER)
    desk.refuses(chain.with_amendment(other, chain.votes(text, NAMES[:5])), 7, "version 2: bergen voted on something else")


@case("mix-votes-of-two-texts", "Mix and match: half of the votes for one text and half for another make no version.")
def _(desk: Desk) -> None:
    chain = founded(4)
    text, other = chain.following(LATER), chain.following(OTHER)
    votes = [*chain.votes(text, NAMES[:2]), *chain.votes(other, NAMES[2:4])]
    desk.refuses(chain.with_amendment(text, votes), 7, "version 2: delft voted on something else")
    desk.refuses(chain.with_amendment(text, votes[:2]), 7, "2 of 3 votes needed of the members of version 1")


@case("mix-votes-of-another-version", "Mix and match: the votes for version 2 under version 3 are refused.")
def _(desk: Desk) -> None:
    two = founded(4).amended(LATER)
    text = two.following(OTHER)
    desk.refuses(two.with_amendment(text, two.amendments[0]["votes"]), 7, "version 3: bergen voted on something else")


@case("mix-ballot-and-signature", "Mix and match: a ballot with the signature of the same agency's ballot on another text is refused.")
def _(desk: Desk) -> None:
    chain = founded(5)
    text, other = chain.following(LATER), chain.following(OTHER)
    mixed = {"body": chain.ballot(text, "faro"), "signature": chain.vote(other, "faro")["signature"]}
    desk.refuses(with_votes(chain, text, mixed), 7, f"version 2: faro: {FORGED}")


@case("mix-founding-signatures", "Mix and match: the founders' signatures of one federation under another's text are refused.")
def _(desk: Desk) -> None:
    one, other = founded(3), founded(3, put("name", "Other"))
    desk.refuses(Chain(other.founding | {"signatures": one.founding["signatures"]}), 7, f"bergen: {FORGED}")


@case("mix-amendments", "Mix and match: one federation's amendments do not follow another's founding document.")
def _(desk: Desk) -> None:
    one, other = founded(3), founded(3, put("name", "Other"))
    desk.refuses(Chain(other.founding, one.amended(LATER).amendments), 7, "version 2: it follows another text of version 1")
