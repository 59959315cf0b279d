"""What is remembered: newer versions of the same story, and nothing that contradicts it."""

from .cases import case
from .desk import Desk, expect
from .federation import Change, founded, joins, leaves, member, put, put_member, rotates
from .text import ZERO, encode, words

LATER: Change = put("review_by", "2030-01")
OTHER: Change = put("review_by", "2031-01")
NAME_OR_WORDS = "the trust file's name or words are not those of its charter"


def follows_another(version: int) -> str:
    """What the program says of a chain that contradicts the one remembered."""
    return f"the file follows another version {version} of the charter than the one trusted; nothing was changed"


@case("pin-grows", "A pin grows version by version, and over several at once.")
def _(desk: Desk) -> None:
    chains = [founded(4)]
    for change in (LATER, OTHER, joins(member("oslo")), rotates("bergen"), leaves("oslo")):
        chains.append(chains[-1].amended(change))
    for place in (0, 1, 2, 5):
        desk.accepts(chains[place])
    desk.trusts(chains[5])


@case("pin-same-again", "The same file again adds nothing and is no error.")
def _(desk: Desk) -> None:
    chain = founded(4).amended(LATER)
    desk.accepts(chain)
    desk.accepts(chain, added=False)


@case("pin-rollback-changes-nothing", "Rollback: after an older file the newest version is still the one remembered.")
def _(desk: Desk) -> None:
    one = founded(4)
    two = one.amended(put_member("delft", rights=[]))
    three = two.amended(LATER)
    desk.accepts(three)
    for older in (one, two):
        desk.run("trust", "import", desk.write("old.json", older.file()))
        desk.trusts(three)


@case(
    "pin-rollback-is-refused",
    "Rollback: an older file than the one remembered does not extend it and is refused.",
)
def _(desk: Desk) -> None:
    one = founded(4)
    desk.accepts(one.amended(LATER))
    desk.refuses(one, 8, "the file knows the charter up to version 1, version 2 is remembered")


@case("pin-rollback-by-hand", "Whoever removes the pin starts anew: an older file is then taken.")
def _(desk: Desk) -> None:
    one = founded(4)
    two = one.amended(LATER)
    desk.accepts(two)
    desk.pin(one.fingerprint).unlink()
    desk.accepts(one)
    desk.accepts(two)


@case("pin-contradicting-version", "Another version 2 than the one remembered is refused, though all agreed to it.")
def _(desk: Desk) -> None:
    one = founded(4)
    mine, theirs = one.amended(LATER), one.amended(OTHER)
    desk.accepts(mine)
    desk.refuses(theirs, 8, follows_another(2))
    desk.trusts(mine)


@case("pin-contradicting-longer", "A longer chain that parts earlier is refused, and the next version of the one remembered is taken.")
def _(desk: Desk) -> None:
    one = founded(4)
    mine, theirs = one.amended(LATER).amended(OTHER), one.amended(LATER).amended(joins(member("oslo")))
    desk.accepts(mine)
    desk.refuses(theirs.amended(OTHER).amended(leaves("oslo")), 8, follows_another(3))
    desk.accepts(mine.amended(rotates("bergen")))


@case("pin-contradicting-shorter", "A shorter chain that parts earlier is refused too.")
def _(desk: Desk) -> None:
    one = founded(4)
    desk.accepts(one.amended(LATER).amended(rotates("bergen")))
    desk.refuses(one.amended(OTHER), 8, follows_another(2))


@case("pin-other-votes", "The same texts with other votes are the same story; the votes remembered stay.")
def _(desk: Desk) -> None:
    one = founded(4)
    desk.accepts(one.amended(LATER))
    desk.accepts(one.amended(LATER, by=["bergen", "cadiz", "delft"]), added=False)


@case("pin-fast-forward-recovery", "Fast-forward: a file that jumps to the last version number is refused, and the good next one is taken.")
def _(desk: Desk) -> None:
    one = founded(4)
    two = one.amended(LATER)
    desk.accepts(two)
    text = two.following(OTHER, put("version", 4294967295))
    jump = two.with_amendment(text, two.votes(text, ["bergen", "cadiz", "delft", "espoo"]))
    desk.refuses(jump, 7, "version 4294967295 does not follow version 2")
    desk.trusts(two)
    desk.accepts(two.amended(OTHER))


@case("pin-survives-bad-files", "After every kind of bad file the pin is as it was, and the good next one is taken.")
def _(desk: Desk) -> None:
    one = founded(4)
    desk.accepts(one)
    two = one.amended(LATER)
    desk.refuses(b"", 7, "not JSON")
    desk.refuses(two.file()[:-100], 7, "not JSON")
    desk.refuses(one.amended(LATER, by=["bergen"]), 7, "1 of 3 votes needed")
    desk.refuses(two.amended(put("demonstration", True)), 7, "version 3: a demonstration stays one")
    desk.refuses(two.file(name="Other"), 7, NAME_OR_WORDS)
    desk.trusts(one)
    desk.accepts(two)


@case("pin-good-start-bad-end", "A chain whose last version is bad is refused as a whole: the good versions before it are not taken.")
def _(desk: Desk) -> None:
    one = founded(4)
    desk.accepts(one)
    two = one.amended(LATER)
    desk.refuses(two.amended(OTHER, by=["bergen"]), 7, "version 3: 1 of 3 votes needed")
    desk.trusts(one)


@case("pin-two-federations", "Two federations of the same agencies are remembered side by side and do not touch each other.")
def _(desk: Desk) -> None:
    one, other = founded(4), founded(4, put("name", "Other"))
    desk.accepts(one)
    desk.accepts(other)
    desk.accepts(one.amended(LATER))
    desk.refuses(other.amended(LATER, by=[]), 7, "0 of 3 votes needed")
    desk.trusts(one.amended(LATER), other)


@case("pin-damaged", "A pin that was cut is reported, not replaced: what was known before would be forgotten.")
def _(desk: Desk) -> None:
    chain = founded(4)
    desk.accepts(chain.amended(LATER))
    pin = desk.pin(chain.fingerprint)
    for content in (b"", pin.read_bytes()[:200], chain.file(name="Other")):
        pin.write_bytes(content)
        desk.refuses(chain.amended(LATER), 7, "trust file")
        expect("the exit code of `trust show`", desk.run("trust", "show").code, 1)


@case("pin-of-another-name", "A pin under another federation's name is reported.")
def _(desk: Desk) -> None:
    one, other = founded(4), founded(3)
    desk.accepts(one)
    desk.pin(one.fingerprint).rename(desk.pin(other.fingerprint))
    desk.fails(("trust", "show"), 1, "it names another federation")


@case("pin-forged-by-hand", "A pin into which somebody wrote an unsigned version is not believed.")
def _(desk: Desk) -> None:
    chain = founded(4)
    desk.accepts(chain)
    desk.pin(chain.fingerprint).write_bytes(chain.amended(LATER, by=[]).file())
    desk.fails(("trust", "show"), 1, "0 of 3 votes needed")


@case("file-wrong-words", "Words that are not those of the fingerprint are refused.")
def _(desk: Desk) -> None:
    chain = founded(4)
    right = words(chain.fingerprint)
    for other in (words(ZERO), right.upper(), right.replace("-", " "), right[: right.rindex("-")], f"{right}-zoo", ""):
        desk.refuses(chain.file(words=other), 7, NAME_OR_WORDS)


@case("file-wrong-name", "A name that is not the newest charter's is refused, also when it once was.")
def _(desk: Desk) -> None:
    one = founded(4)
    two = one.amended(put("name", "Renamed"))
    desk.refuses(one.file(name="Renamed"), 7, NAME_OR_WORDS)
    desk.refuses(two.file(name=one.newest["name"]), 7, NAME_OR_WORDS)
    desk.accepts(two)


@case("file-wrong-fingerprint", "A fingerprint that is not the hash of version 1 is refused, and the one found is told.")
def _(desk: Desk) -> None:
    one, other = founded(4), founded(3)
    reason = f"this is the charter of federation {one.fingerprint}, not of {other.fingerprint}"
    desk.refuses(one.file(fingerprint=other.fingerprint, words=words(other.fingerprint)), 7, reason)
    for spelt in (one.fingerprint.upper(), one.fingerprint[:-1], f"{one.fingerprint}0", ""):
        desk.refuses(one.file(fingerprint=spelt), 7, "not of the expected shape")


@case("file-fingerprint-of-version-2", "The fingerprint is that of version 1, whatever came after.")
def _(desk: Desk) -> None:
    one = founded(4)
    two = one.amended(LATER)
    second = founded(1).amended(LATER).newest["previous"]
    desk.refuses(two.file(fingerprint=second), 7, "this is the charter of federation")
    desk.accepts(two)


@case("file-field-missing", "Name, fingerprint, words and founding have to be there.")
def _(desk: Desk) -> None:
    for name in ("name", "fingerprint", "words", "founding"):
        document = founded(4).document()
        del document[name]
        desk.refuses(encode(document), 7, "not of the expected shape")


@case("option-fingerprint", "With a fingerprint given, in hex or in words, only that federation is taken.")
def _(desk: Desk) -> None:
    one, other = founded(4), founded(3)
    for wrong in (other.fingerprint, words(other.fingerprint), ZERO):
        desk.refuses(one, 8, f"the file is of federation {one.fingerprint}, not of the one asked for", "--fingerprint", wrong)
    spelt = words(one.fingerprint)
    for right in (one.fingerprint, one.fingerprint.upper(), spelt, spelt.upper(), spelt.replace("-", " ")):
        desk.accepts(one, options=("--fingerprint", right))
        desk.pin(one.fingerprint).unlink()


@case("option-fingerprint-misspelt", "A fingerprint that is none, or a word that is not in the list, is wrong use.")
def _(desk: Desk) -> None:
    one = founded(4)
    spelt = words(one.fingerprint)
    name = desk.write("trust.json", one.file())
    for wrong in (one.fingerprint[:-1], spelt[: spelt.rindex("-")], f"{spelt}-zoo", spelt[: spelt.rindex("-")] + "-parangon", ""):
        before = desk.kept()
        expect("the exit code", desk.run("trust", "import", name, "--fingerprint", wrong).code, 2)
        expect("what is remembered", desk.kept(), before)


@case("option-fingerprint-on-a-bad-chain", "The right fingerprint does not help a chain that was not agreed to.")
def _(desk: Desk) -> None:
    one = founded(4)
    desk.refuses(one.amended(LATER, by=[]), 7, "0 of 3 votes needed", "--fingerprint", one.fingerprint)


@case("said-to-people", "People read the fingerprint, the words, that they should be compared, and how to undo it.")
def _(desk: Desk) -> None:
    chain = founded(4)
    text = desk.run("trust", "import", desk.write("trust.json", chain.file())).out.decode()
    for part in (chain.fingerprint, words(chain.fingerprint), chain.newest["name"], "Compare the words", str(desk.pin(chain.fingerprint))):
        if part not in text:
            raise AssertionError(f"{part!r} is not in {text!r}")
