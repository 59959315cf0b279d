"""Ed25519 keys, the preimage of our signatures, and signatures that a careless check would take."""

import functools
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# The order of the group's base point.
ORDER = 2**252 + 27742317777372353535851937790883648493
# The neutral element: a point of order 1.
NEUTRAL = bytes([1]) + bytes(31)
# 2^255 - 16: y = p + 3, another encoding of y = 3.
NOT_CANONICAL = bytes([0xF0]) + b"\xff" * 30 + b"\x7f"


def preimage(purpose: str, fingerprint: str, text: bytes) -> bytes:
    """What is signed for one purpose in one federation."""
    return f"parangon/v1/{purpose}\n{fingerprint}\n".encode() + text


class Key:
    """A key pair."""

    def __init__(self, seed: bytes) -> None:
        self.seed = seed
        self._secret = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public: bytes = self._secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def hex(self) -> str:
        """The public key as charters write it."""
        return self.public.hex()

    @property
    def hash(self) -> str:
        """How a successor is committed to."""
        return hashlib.sha256(self.public).hexdigest()

    def raw(self, message: bytes) -> bytes:
        """A signature over exactly these bytes."""
        return self._secret.sign(message)

    def sign(self, purpose: str, fingerprint: str, text: bytes) -> str:
        """A signature as documents write it."""
        return self.raw(preimage(purpose, fingerprint, text)).hex()

    def sign_with_neutral_point(self, purpose: str, fingerprint: str, text: bytes) -> str:
        """With R of small order: it satisfies the equation, and a strict check refuses it."""
        digits = bytearray(hashlib.sha512(self.seed).digest()[:32])
        digits[0] &= 248
        digits[31] = digits[31] & 127 | 64
        secret = int.from_bytes(digits, "little")
        message = preimage(purpose, fingerprint, text)
        challenge = int.from_bytes(hashlib.sha512(NEUTRAL + self.public + message).digest(), "little")
        return (NEUTRAL + (challenge * secret % ORDER).to_bytes(32, "little")).hex()


@functools.cache
def key(label: str) -> Key:
    """The key whose seed is the hash of a label, so that every run makes the same documents."""
    return Key(hashlib.sha256(label.encode()).digest())


def identity(agency: str, generation: int = 0) -> Key:
    """An agency's identity key: generation 0, then its successors."""
    return key(f"{agency}/identity/{generation}")


def malleated(signature: str) -> str:
    """The same signature with the group's order added to S."""
    raw = bytes.fromhex(signature)
    return (raw[:32] + (int.from_bytes(raw[32:], "little") + ORDER).to_bytes(32, "little")).hex()


def verifies(public: str, purpose: str, fingerprint: str, text: bytes, signature: str) -> bool:
    """Whether a signature that the program made is good by this side's reading of the preimage."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), preimage(purpose, fingerprint, text))
    except InvalidSignature:
        return False
    return True
