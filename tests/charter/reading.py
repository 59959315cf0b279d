"""How files are read: bounded, strictly, in any spacing; and drafts, which are signed, in canonical form only."""

import contextlib
import copy
import json
import os
import subprocess
import threading
from collections.abc import Iterator

from .cases import add, case
from .desk import DOCUMENT_BYTES, Desk, Wrong, expect
from .federation import DISCLOSURE, RETENTION, Chain, founded, joins, leaves, member, put
from .text import Json, encode

SHAPE = "not of the expected shape"
TOO_LARGE = f"is larger than {DOCUMENT_BYTES} bytes"


def whole() -> Chain:
    """A chain with every kind of object in it."""
    return founded(4, put("retention", RETENTION), put("disclosure", DISCLOSURE)).amended(joins(member("porto"))).amended(leaves("porto"))


def swapped(file: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    """A file with a text replaced; the text must be there."""
    if old not in file:
        raise AssertionError(f"{old!r} is not in the file")
    return file.replace(old, new, count)


@case("reading-any-spacing", "Spacing, key order and escapes of a trust file are free, and what is remembered is canonical.")
def _(desk: Desk) -> None:
    chain = whole()
    desk.accepts(chain, json.dumps(chain.document(), indent=3, ensure_ascii=True).encode())
    reverse = json.dumps(dict(reversed(chain.document().items())), ensure_ascii=False).encode()
    desk.accepts(chain, b"\r\n\t " + reverse + b"\n\n", added=False)
    one = founded(3)
    desk.accepts(one, one.file(amendments=[]))


# Paths to one object of each kind in a trust file.
OBJECTS: dict[str, list[str | int]] = {
    "file": [],
    "founding": ["founding"],
    "founders-signature": ["founding", "signatures", 0],
    "charter": ["founding", "charter"],
    "member": ["founding", "charter", "members", 0],
    "right": ["founding", "charter", "members", 0, "rights", 0],
    "scheme": ["founding", "charter", "schemes", 0],
    "rule": ["founding", "charter", "schemes", 0, "rules", 0],
    "requirements": ["founding", "charter", "schemes", 0, "rules", 0, "requirements"],
    "eligibility": ["founding", "charter", "schemes", 0, "rules", 0, "eligibility"],
    "catalogue": ["founding", "charter", "catalogues", 0],
    "conflicts": ["founding", "charter", "conflicts"],
    "disclosure": ["founding", "charter", "disclosure"],
    "noise": ["founding", "charter", "disclosure", "noise"],
    "pool": ["founding", "charter", "disclosure", "pool"],
    "retention": ["founding", "charter", "retention"],
    "amendment": ["amendments", 0],
    "vote": ["amendments", 0, "votes", 0],
    "ballot": ["amendments", 0, "votes", 0, "body"],
    "head": ["amendments", 1, "votes", 0, "body", "heads", 0],
    "log": ["amendments", 1, "votes", 0, "body", "heads", 0, "log"],
}

for kind, path in OBJECTS.items():

    def unknown_field(desk: Desk, path: list[str | int] = path) -> None:
        document = copy.deepcopy(whole().document())
        place: Json = document
        for step in path:
            place = place[step]  # type: ignore[index]
        place["veto"] = True
        desk.refuses(encode(document), 7, SHAPE)

    add(f"reading-unknown-field-{kind}", f"A field of the future in a {kind.replace('-', ' ')} is refused, not skipped.", unknown_field)


@case("reading-unknown-field-signed", "A charter with a field of the future is refused though all founders signed it.")
def _(desk: Desk) -> None:
    desk.refuses(founded(3, put("veto", "bergen")), 7, SHAPE)


@case("reading-duplicate-key", "A key twice in one object is refused, also when one of them is written with an escape.")
def _(desk: Desk) -> None:
    file = founded(3).file()
    twice = "a key stands twice in one object"
    desk.refuses(swapped(file, b'"version":1', b'"version":1,"version":1'), 7, twice)
    desk.refuses(swapped(file, b'"version":1', b'"version":1,"versi\\u006fn":2'), 7, twice)
    desk.refuses(swapped(file, b'{"fingerprint"', b'{"words":"x","fingerprint"'), 7, twice)


@case("reading-number-not-integer", "Numbers are integers within 2^53 - 1; anything else is refused, also where it is equal to one.")
def _(desk: Desk) -> None:
    for number in (b"1.0", b"1e0", b"10E-1", b"-0", b"0.9999999999999999", b"9007199254740992", b"-9007199254740992", b"1" + b"0" * 300):
        desk.refuses(swapped(founded(3).file(), b'"version":1', b'"version":' + number), 7, "a number that is not an integer")
    for number in (b"01", b"+1", b"0x1", b"NaN", b"Infinity", b".5"):
        desk.refuses(swapped(founded(3).file(), b'"version":1', b'"version":' + number), 7, "not JSON")


@case("reading-number-beyond-doubles", "An integer of 401 digits is no number that is read.")
def _(desk: Desk) -> None:
    desk.refuses(swapped(founded(3).file(), b'"version":1', b'"version":1' + b"0" * 400), 7, "not JSON")


@case("reading-null", "Null is refused: what is not there is left out.")
def _(desk: Desk) -> None:
    desk.refuses(swapped(founded(3).file(), b'"version":1', b'"previous":null,"version":1'), 7, "null (what is not there is left out)")


@case("reading-control-character", "Control characters in texts are refused, escaped or not.")
def _(desk: Desk) -> None:
    for text in (b"\\n", b"\\u0000", b"\\u007f", b"\\u009f", "\u0085".encode(), b"\x7f"):
        desk.refuses(swapped(founded(3).file(), b"Agency of", b"Agency" + text + b"of"), 7, "a control character in a text")
    for text in (b"\n", b"\x00", b"\x1f"):
        desk.refuses(swapped(founded(3).file(), b"Agency of", b"Agency" + text + b"of"), 7, "not JSON")


@case("reading-nesting", "Seventeen levels are refused, and so are a hundred thousand.")
def _(desk: Desk) -> None:
    for depth in (17, 127, 129, 100_000, 2_000_000):
        desk.refuses(b"[" * depth + b"]" * depth, 7, "nested deeper than 16 levels")
        desk.refuses(b'{"a":' * 17 + b"[" * depth, 7, "nested deeper than 16 levels")


@case("reading-many-keys", "An object of more than 1,024 keys is refused.")
def _(desk: Desk) -> None:
    desk.refuses(encode({f"k{number}": 1 for number in range(1025)}), 7, "more than 1024 keys in one object")
    desk.refuses(encode({f"k{number}": 1 for number in range(1024)}), 7, SHAPE)


@case("reading-not-utf-8", "A file is UTF-8 without a byte order mark.")
def _(desk: Desk) -> None:
    file = founded(3).file()
    text = file.decode()
    others = (
        swapped(file, b"Agency of", b"Agency\xffof"),
        swapped(file, b"Agency of", b"Agency\xc0\xafof"),
        swapped(file, b"Agency of", b"Agency\xed\xa0\x80of"),
        swapped(file, b"Agency of", b"Agency\\ud800of"),
        b"\xef\xbb\xbf" + file,
        text.encode("utf-16"),
        text.encode("utf-32-le"),
        text.encode("latin-1"),
    )
    for other in others:
        desk.refuses(other, 7, "not JSON")


@case("reading-not-json", "What is no JSON, more than one JSON text, or JSON of another shape, is no trust file.")
def _(desk: Desk) -> None:
    file = founded(3).file()
    others = (b"", b" ", b"x", file + b"x", file + file, file[:-1] + b",}", b"//\n" + file, swapped(file, b'"', b"'", 2), b"%PDF-1.7", b"\x00" * 64)
    for other in others:
        desk.refuses(other, 7, "this is not a trust file: not JSON")
    for other in (b"{}", b"[]", b"1", b'"x"', b"true", encode(founded(3).founding), encode(founded(3).founding["charter"])):
        desk.refuses(other, 7, "this is not a trust file: " + SHAPE)


@case("reading-truncated", "A file cut anywhere is refused.")
def _(desk: Desk) -> None:
    file = whole().file()
    for cut in [*range(0, len(file), len(file) // 40), len(file) - 1]:
        desk.refuses(file[:cut], 7, "this is not a trust file: not JSON")


@case("reading-cut-lists", "A file that lost whole signatures or amendments is judged by what is left.")
def _(desk: Desk) -> None:
    chain = whole()
    last = Chain(chain.founding, chain.amendments[1:])
    desk.refuses(last, 7, "version 3 does not follow version 1")
    desk.refuses(Chain({"charter": chain.founding["charter"], "signatures": chain.founding["signatures"][1:]}, chain.amendments), 7, "bergen")
    desk.accepts(Chain(chain.founding, chain.amendments[:1]))


@case("reading-at-the-limit", "A file of exactly 4 MiB is read, and one byte more is refused.")
def _(desk: Desk) -> None:
    chain = founded(3)
    file = chain.file()
    desk.refuses(file + b" " * (DOCUMENT_BYTES - len(file) + 1), 7, TOO_LARGE)
    desk.accepts(chain, file + b" " * (DOCUMENT_BYTES - len(file)))


@case("reading-100-mib-of-spaces", "Endless data: a hundred MiB of spaces before a good file are refused without being read to the end.")
def _(desk: Desk) -> None:
    desk.refuses(b" " * (100 << 20) + founded(3).file(), 7, TOO_LARGE)


@case("reading-long-texts", "A name of four million letters is refused, and so is a number of as many digits.")
def _(desk: Desk) -> None:
    file = founded(3).file()
    room = DOCUMENT_BYTES - len(file)
    desk.refuses(swapped(file, b"Agency of", b"x" * room), 7, SHAPE)
    desk.refuses(swapped(file, b'"version":1', b'"version":1' + b"1" * (room - 1)), 7, "this is not a trust file")


@case("reading-dev-zero", "Endless data: a device that never ends is read up to the limit.")
def _(desk: Desk) -> None:
    desk.fails(("trust", "import", "/dev/zero"), 7, TOO_LARGE)


@contextlib.contextmanager
def endless(path: str, chunk: bytes) -> Iterator[None]:
    """A writer that goes on until nobody reads."""

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), open(path, "wb", buffering=0) as pipe:
            while True:
                pipe.write(chunk)

    os.mkfifo(path)
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    yield
    writer.join(5)
    if writer.is_alive():
        raise Wrong("the writer of the pipe was never told that nobody reads")


@case("reading-endless-fifo", "Endless data: a pipe that never ends is read up to the limit and closed.")
def _(desk: Desk) -> None:
    for name, chunk in (("spaces", b" " * 65536), ("lists", b"[" * 65536), ("texts", b'{"a":"' + b"x" * 65536)):
        with endless(str(desk.path / name), chunk):
            desk.fails(("trust", "import", name), 7, TOO_LARGE)


@case("reading-endless-stdin", "Endless data: standard input is bounded as files are, and a good file is taken from it.")
def _(desk: Desk) -> None:
    with subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE) as feeder:
        assert feeder.stdout is not None
        desk.fails(("trust", "import", "-"), 7, TOO_LARGE, stdin=feeder.stdout.fileno())
        feeder.stdout.close()
        feeder.wait()
    chain = founded(3)
    expect("the exit code", desk.run("trust", "import", "-", stdin=chain.file()).code, 0)
    desk.trusts(chain)


@case("reading-no-file", "A file that is missing is not found, and a folder is no file.")
def _(desk: Desk) -> None:
    desk.fails(("trust", "import", "missing.json"), 5, "cannot read missing.json")
    desk.fails(("trust", "import", "."), 1, "cannot read .")


@case("reading-draft-strictly", "What founders sign is read in canonical form only: one text, one fingerprint.")
def _(desk: Desk) -> None:
    draft = encode(founded(2).founding["charter"])
    sign = ("federation", "sign", "draft.json", "--data", "nobody", "--yes")
    others = {
        b" " + draft: "not in canonical form",
        swapped(draft, b'"version":1', b'"version": 1'): "not in canonical form",
        swapped(draft, "é".encode(), b"\\u00e9"): "not in canonical form",
        json.dumps(dict(reversed(json.loads(draft).items())), separators=(",", ":"), ensure_ascii=False).encode(): "not in canonical form",
        swapped(draft, b'"version":1', b'"version":1.0'): "a number that is not an integer",
        swapped(draft, b'"version":1', b'"version":1,"version":1'): "a key stands twice",
        swapped(draft, b'"version":1', b'"version":1,"veto":true'): SHAPE,
        draft + b"x": "not JSON",
    }
    for text, reason in others.items():
        desk.write("draft.json", text)
        desk.fails(sign, 7, reason)
    # A good draft gets as far as the identity key, which is not there.
    desk.write("draft.json", draft + b"\n")
    run = desk.run(*sign, "--json")
    if run.code == 7 or run.code == 0:
        raise Wrong(f"a canonical draft ends with exit code {run.code}: {run.json}")
