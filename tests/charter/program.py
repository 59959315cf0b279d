"""The other way round: documents that the program makes, read by this side, and documents of both sides in one federation."""

import json
import pathlib

from .cases import case
from .desk import Desk, Run, Wrong, expect
from .federation import Chain, consent, find, member
from .keys import Key, identity, preimage, verifies
from .text import ZERO, Json, digest, encode, words

OTHERS = ("cadiz", "delft")
# The first key of RFC 8032, with which docs/protocol.md shows a vote byte by byte.
EXAMPLE = Key(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))


def done(run: Run) -> Run:
    """The command must have succeeded."""
    if run.code != 0:
        raise Wrong(f"exit code {run.code}: {run.out[:300]!r} {run.err[:300]!r}")
    return run


def card(agency: str) -> bytes:
    """A membership card: there is no federation yet, so the fingerprint in its preimage is all zeros."""
    body = {name: value for name, value in member(agency).items() if name != "rights"}
    return encode({"body": body, "signature": identity(agency).sign("member", ZERO, encode(body))})


def drafted(desk: Desk) -> Json:
    """One agency of the program's making and two of ours draft a charter; the text is canonical by both sides."""
    done(desk.run("init", "--data", "bergen", "--id", "bergen", "--name", "Bergen", "--country", "NO"))
    cards = [desk.write(f"{agency}.member.json", card(agency)) for agency in OTHERS]
    new = ("federation", "new", "Both sides", "--member", "bergen/bergen.member.json", *cards, "-o", "draft.json", "--json")
    answer = done(desk.run(*new)).json
    text = (desk.path / "draft.json").read_bytes()
    expect("the canonical text of the draft", text, encode(json.loads(text)))
    expect("the fingerprint", (answer["fingerprint"], answer["words"]), (digest(text), words(digest(text))))
    draft: Json = json.loads(text)
    return draft


def signed(desk: Desk, draft: Json) -> list[str]:
    """Signature files of all three."""
    done(desk.run("federation", "sign", "draft.json", "--data", "bergen", "--yes"))
    return ["bergen.sig.json", *(desk.write(f"{agency}.sig.json", encode(consent(draft, agency))) for agency in OTHERS)]


@case("documents-example", "The vote that docs/protocol.md shows byte by byte is the one that is made here.")
def _(desk: Desk) -> None:
    text = (pathlib.Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
    federation = digest(b"")
    ballot = encode({"version": 2, "charter": federation, "agency": "oslo", "accept": True, "heads": []})
    shown = preimage("vote", federation, ballot).decode()
    for part in (f"```text\n{shown}\n```", EXAMPLE.hash, words(federation), EXAMPLE.sign("vote", federation, ballot)):
        if part not in text:
            raise Wrong(f"docs/protocol.md does not show {part!r}")


@case("program-card", "A card that the program makes is signed over the preimage that the documents give.")
def _(desk: Desk) -> None:
    done(desk.run("init", "--data", "bergen", "--id", "bergen", "--name", "Bergen", "--country", "NO"))
    file = json.loads((desk.path / "bergen" / "bergen.member.json").read_bytes())
    body, signature = file["body"], file["signature"]
    expect("the signature", verifies(body["identity"], "member", ZERO, encode(body), signature), True)
    expect("the same as a consent", verifies(body["identity"], "charter", ZERO, encode(body), signature), False)


@case("program-draft", "Cards of both sides make one draft, whose text, fingerprint and words are the same on both sides.")
def _(desk: Desk) -> None:
    draft = drafted(desk)
    expect("the members", [entry["id"] for entry in draft["members"]], ["bergen", *OTHERS])
    expect("what we said of ourselves", {k: v for k, v in find(draft, "delft").items() if k != "rights"}, json.loads(card("delft"))["body"])


@case("program-card-forged", "A card that another key signed, or that was altered, is refused.")
def _(desk: Desk) -> None:
    body = json.loads(card("cadiz"))["body"]
    new = ("federation", "new", "Both sides", "--member", "cadiz.member.json", "-o", "draft.json")
    for changed, purpose in ((body, "charter"), (body | {"name": "Other"}, "member")):
        signature = identity("cadiz").sign(purpose, ZERO, encode(body))
        desk.write("cadiz.member.json", encode({"body": changed, "signature": signature}))
        desk.fails(new, 7, "the card of cadiz: the signature does not verify")


@case("program-signs", "The program's consent is a signature over the preimage that the documents give, and it is good for nothing else.")
def _(desk: Desk) -> None:
    draft = drafted(desk)
    signed(desk, draft)
    file = json.loads((desk.path / "bergen.sig.json").read_bytes())
    text, key = encode(draft), find(draft, "bergen")["identity"]
    expect("the signature", verifies(key, "charter", digest(text), text, file["signature"]), True)
    for purpose, fingerprint in (("vote", digest(text)), ("charter", ZERO)):
        expect(f"the same as a {purpose}", verifies(key, purpose, fingerprint, text, file["signature"]), False)


@case("program-founds", "The program founds a federation with our signatures, and its trust file is byte for byte the one that we make.")
def _(desk: Desk) -> None:
    draft = drafted(desk)
    files = signed(desk, draft)
    done(desk.run("federation", "found", "draft.json", *files, "--data", "bergen"))
    done(desk.run("trust", "export", "--data", "bergen", "-o", "exported.json"))
    chain = Chain({"charter": draft, "signatures": [json.loads((desk.path / name).read_bytes()) for name in files]})
    expect("the trust file", (desk.path / "exported.json").read_bytes(), chain.file())
    desk.accepts(chain)


@case("program-founds-only-with-all", "The program does not found with a signature missing, of another purpose, or of a stranger.")
def _(desk: Desk) -> None:
    draft = drafted(desk)
    files = signed(desk, draft)
    found = ("federation", "found", "draft.json")
    desk.fails((*found, *files[:2], "--data", "bergen"), 8, "these founders have not signed: delft")
    desk.fails((*found, *files[:2], files[1], "--data", "bergen"), 8, "these founders have not signed: delft")
    vote = desk.write("vote.json", encode(consent(draft, "delft", purpose="vote")))
    desk.fails((*found, *files[:2], vote, "--data", "bergen"), 8, "delft: the signature does not verify")
    stranger = desk.write("stranger.json", encode(consent(draft, "espoo")))
    desk.fails((*found, *files, stranger, "--data", "bergen"), 8, "espoo signed but is no member")
    if (desk.path / "bergen" / "federation.json").exists():
        raise Wrong("a federation was founded")


@case("program-amended", "The federation that the program founded goes on with amendments of ours, which two of its three members agree to.")
def _(desk: Desk) -> None:
    draft = drafted(desk)
    files = signed(desk, draft)
    chain = Chain({"charter": draft, "signatures": [json.loads((desk.path / name).read_bytes()) for name in files]})
    desk.accepts(chain)
    desk.accepts(chain.amended(lambda text: text.__setitem__("review_by", "2040-01"), by=OTHERS))
