"""An agency's log as its witnesses see it: the Merkle tree of RFC 6962, C2SP checkpoints and cosignatures."""

import base64
import hashlib

from .keys import Key, key
from .text import Json, encode

# Signature types of C2SP's signed notes.
ED25519 = 1
COSIGNATURE = 4


def root(leaves: list[bytes]) -> bytes:
    """The root of RFC 6962 over records."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()


def origin(fingerprint: str, agency: str, epoch: int = 1) -> str:
    """The origin line of a log."""
    return f"parangon/{fingerprint}/{agency}" + (f"/{epoch}" if epoch > 1 else "")


def line(name: str, kind: int, signer: Key, signature: bytes) -> str:
    """One signature line of a note."""
    hint = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + signer.public).digest()[:4]
    return f"\u2014 {name} {base64.b64encode(hint + signature).decode()}\n"


def record(agency: str, index: int) -> bytes:
    """A record that nobody interprets."""
    return encode({"about": [], "body": {"index": index}, "type": f"sim-{agency}", "v": 1})


def note(fingerprint: str, agency: str, size: int, witness: str, epoch: int = 1) -> str:
    """The head of an agency's log after `size` records, signed by its log key and cosigned by one witness."""
    name = origin(fingerprint, agency, epoch)
    tree = root([record(agency, index) for index in range(size)])
    body = f"{name}\n{size}\n{base64.b64encode(tree).decode()}\n"
    log_key, witness_key = key(f"{agency}/log"), key(f"{witness}/witness")
    time = 1_790_000_000 + size
    cosigned = time.to_bytes(8, "big") + witness_key.raw(f"cosignature/v1\ntime {time}\n{body}".encode())
    signatures = line(name, ED25519, log_key, log_key.raw(body.encode()))
    return f"{body}\n{signatures}" + line(f"{origin(fingerprint, witness)}/witness", COSIGNATURE, witness_key, cosigned)


def head(fingerprint: str, agency: str, size: int | None, witness: str, epoch: int = 1) -> Json:
    """What a vote says of a log: the whole note as lines, or none when the voter never cosigned a head of it."""
    lines = [] if size is None else note(fingerprint, agency, size, witness, epoch).split("\n")
    return {"log": {"agency": agency, "epoch": epoch}, "note": lines}
