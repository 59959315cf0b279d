"""Reads and writes c2sp.org/tlog-proof texts: an implementation from the specifications alone, on OpenSSL's Ed25519.

tlog.py check < {"proof", "record", "log", "witnesses"}     prints what the proof says, or why it says nothing
tlog.py make  < {"origin", "seed", "witnesses", "records", "index", "time"}     prints a proof and the keys

Bytes are hex, keys are C2SP verifier keys, a witness to sign with is {"name", "seed"}.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOTE, COSIGNATURE = 1, 4


class Refused(Exception):
    pass


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise Refused("base64 that is not canonical")
    return data


def number(text):
    if not text.isdecimal() or not text.isascii() or str(int(text)) != text:
        raise Refused("not a plain number: " + text)
    return int(text)


# The tree of RFC 6962, written as its definition is.


def split(size):
    left = 1
    while left * 2 < size:
        left *= 2
    return left


def root_of(leaves):
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    left = split(len(leaves))
    return sha(b"\x01", root_of(leaves[:left]), root_of(leaves[left:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    left = split(len(leaves))
    if index < left:
        return path(index, leaves[:left]) + [root_of(leaves[left:])]
    return path(index - left, leaves[left:]) + [root_of(leaves[:left])]


def climb(leaf, index, size, proof):
    if size == 1:
        if proof:
            raise Refused("too many hashes")
        return leaf
    if not proof:
        raise Refused("too few hashes")
    left = split(size)
    if index < left:
        return sha(b"\x01", climb(leaf, index, left, proof[:-1]), proof[-1])
    return sha(b"\x01", proof[-1], climb(leaf, index - left, size - left, proof[:-1]))


# Notes.


class Key:
    def __init__(self, name, algorithm, public):
        if not name or "+" in name or any(c.isspace() for c in name):
            raise Refused("not a key name: " + repr(name))
        self.name, self.algorithm, self.public = name, algorithm, public
        self.id = sha(name.encode(), b"\n", bytes([algorithm]), public)[:4]

    @classmethod
    def read(cls, text):
        name, key_id, material = text.split("+", 2)
        material = unbase64(material)
        key = cls(name, material[0], material[1:])
        if key.id.hex() != key_id or key.algorithm not in (NOTE, COSIGNATURE):
            raise Refused("not a verifier key: " + text)
        return key

    def __str__(self):
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.algorithm]) + self.public).decode()}"

    def check(self, body, signature):
        """Returns the time of a cosignature, None for a plain signature."""
        time = None
        if self.algorithm == COSIGNATURE:
            if len(signature) != 72:
                raise Refused("a cosignature of another length")
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            body = f"cosignature/v1\ntime {time}\n{body}"
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, body.encode())
        except InvalidSignature:
            raise Refused("a forged signature by " + self.name) from None
        return time


def line(name, key_id, signature):
    return f"— {name} {base64.b64encode(key_id + signature).decode()}\n"


def sign(name, algorithm, seed, body, time=None):
    secret = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    key = Key(name, algorithm, secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    if algorithm == NOTE:
        return key, line(name, key.id, secret.sign(body.encode()))
    signature = secret.sign(f"cosignature/v1\ntime {time}\n{body}".encode())
    return key, line(name, key.id, time.to_bytes(8, "big") + signature)


def open_note(text, keys):
    """The text above the blank line, and by the name of each known key that signed, the time or None."""
    body, lines = text.rsplit("\n\n", 1)
    if not lines.endswith("\n"):
        raise Refused("no final line feed")
    body += "\n"
    signed = {}
    for entry in lines[:-1].split("\n"):
        dash, name, encoded = entry.split(" ")
        data = unbase64(encoded)
        if dash != "—" or len(data) < 5:
            raise Refused("not a signature line: " + entry)
        for key in keys:
            if (key.name, key.id) == (name, data[:4]):
                signed[name] = key.check(body, data[4:])
    return body, signed


def check(given):
    head, checkpoint = given["proof"].split("\n\n", 1)
    lines = head.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Refused("not a tlog-proof")
    if lines[0].startswith("extra "):
        unbase64(lines.pop(0)[6:])
    word, index = lines.pop(0).split(" ")
    if word != "index":
        raise Refused("no index")
    index, proof = number(index), [unbase64(entry) for entry in lines]

    log, witnesses = Key.read(given["log"]), [Key.read(key) for key in given["witnesses"]]
    body, signed = open_note(checkpoint, [log, *witnesses])
    if log.name not in signed:
        raise Refused("the log did not sign")
    origin, size, root = body[:-1].split("\n")
    size, root = number(size), unbase64(root)
    if origin != log.name or index >= size or len(root) != 32 or any(len(entry) != 32 for entry in proof):
        raise Refused("not a checkpoint of this log above this record")
    if climb(sha(b"\x00", bytes.fromhex(given["record"])), index, size, proof) != root:
        raise Refused("the hashes lead to another root")
    times = {name: time for name, time in signed.items() if time is not None}
    return {"origin": origin, "size": size, "root": root.hex(), "index": index, "times": times}


def make(given):
    leaves = [sha(b"\x00", bytes.fromhex(record)) for record in given["records"]]
    body = f"{given['origin']}\n{len(leaves)}\n{base64.b64encode(root_of(leaves)).decode()}\n"
    log, lines = sign(given["origin"], NOTE, given["seed"], body)
    keys = []
    for witness in given["witnesses"]:
        key, added = sign(witness["name"], COSIGNATURE, witness["seed"], body, given["time"])
        keys.append(str(key))
        lines += added
    hashes = "".join(base64.b64encode(entry).decode() + "\n" for entry in path(given["index"], leaves))
    proof = f"c2sp.org/tlog-proof@v1\nindex {given['index']}\n{hashes}\n{body}\n{lines}"
    return {"proof": proof, "log": str(log), "witnesses": keys}


if __name__ == "__main__":
    try:
        print(json.dumps({"check": check, "make": make}[sys.argv[1]](json.load(sys.stdin))))
    except (Refused, ValueError) as error:
        print(json.dumps({"refused": str(error)}))
