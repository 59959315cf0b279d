"""Canonical text and the eight words: what is signed, hashed and read aloud (docs/protocol.md, "Formats", "Charter")."""

import glob
import hashlib
import json
import os
import re
from typing import Any

Json = dict[str, Any]

# SHA-256 of the English list of BIP 39, one word a line, as that text publishes it.
WORD_LIST = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
ZERO = "00" * 32


def encode(value: Any) -> bytes:
    """RFC 8785 for what charters hold: integers, texts without control characters, keys in ASCII (whose order is that of
    UTF-16)."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest(*parts: bytes) -> str:
    """SHA-256 of the parts in a row, as 64 hex digits."""
    return hashlib.sha256(b"".join(parts)).hexdigest()


def text_hash(document: Json) -> str:
    """The hash of a charter: of version 1, the federation's fingerprint."""
    return digest(encode(document))


def word_list() -> list[str]:
    """The list of BIP 39, from the sources of the package that has it; its hash says whether it is the published one."""
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    for path in sorted(glob.glob(f"{home}/registry/src/*/bip39-*/src/language/english.rs")):
        with open(path, encoding="ascii") as file:
            words = re.findall(r'^\s*"([a-z]+)",', file.read(), re.MULTILINE)
        if digest("".join(f"{word}\n" for word in words).encode()) == WORD_LIST:
            return words
    raise SystemExit(f"the word list of BIP 39 is not in {home}/registry/src: build the program first (cargo fetch)")


_words: list[str] = []


def words(fingerprint: str) -> str:
    """The first 88 bits of a fingerprint, eleven a word."""
    if not _words:
        _words.extend(word_list())
    bits = int(fingerprint[:22], 16)
    return "-".join(_words[bits >> (77 - 11 * place) & 2047] for place in range(8))
