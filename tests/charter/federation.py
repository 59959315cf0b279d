"""Charters, votes, amendments and trust files (docs/protocol.md, "Charter").

Nothing here refuses anything: the cases make wrong documents with the same functions as right ones."""

import copy
import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import Any

from .keys import Key, identity
from .log import head
from .text import Json, digest, encode, text_hash, words

LEVELS = ["BRONZE", "SILVER", "GOLD"]
NAMES = ["bergen", "cadiz", "delft", "espoo", "faro", "gdansk", "hilden", "imola", "jena", "kolding", "lyon", "malmo", "nantes", "oslo", "porto"]
# What statistics hide, with noise or rounding, pools and tables.
NOISE: Json = {"maximum": 3, "tenths": 20}
POOL: Json = {"below": 15, "from": "2027-Q1"}
TABLES = ["field", "country", "region", "level"]
DISCLOSURE: Json = {"minimum": 5, "noise": NOISE, "pool": POOL, "protection": 2, "tables": TABLES}
RETENTION: Json = {"dossier_days": 30, "review_days": 365, "assessment_months": 24}
Change = Callable[[Json], None]


def member(agency: str, generation: int = 0, parent: str | None = None, levels: list[str] | None = None) -> Json:
    """A member's entry, with its identity key of that generation and the hash of the next one."""
    entry: Json = {
        "id": agency,
        "name": f"Agency of {agency}",
        "country": "NO",
        "rights": [{"scheme": "ecei", "levels": LEVELS if levels is None else levels}],
        "identity": identity(agency, generation).hex,
        "successor": identity(agency, generation + 1).hash,
        "contacts": [],
    }
    if parent is not None:
        entry["parent"] = parent
    return entry


def rule(level: str, reviewers: int) -> Json:
    """What a level takes: any numbers, they are data."""
    return {
        "level": level,
        "catalogue": "ecei-2026",
        "reviewers": reviewers,
        "foreign": 0,
        "requirements": {"complete": level != "BRONZE", "improvements": 0, "threshold_bp": 8000},
        "eligibility": {"eccp_listed": True, "management_fte_hundredths": 50, "members": 15, "member_types": 2},
        "first_months": 24,
        "renewal_months": 36,
        "renewal_window_months": 12,
    }


def charter(members: list[Json]) -> Json:
    """Version 1 of a federation of these members."""
    return {
        "version": 1,
        "name": "Réseau \"Ångström\"",
        "created": "2026-11-24T05:00:00Z",
        "review_by": "2028-11",
        "demonstration": False,
        "members": members,
        "schemes": [{"id": "ecei", "name": "Cluster Excellence", "rules": [rule(level, place + 1) for place, level in enumerate(LEVELS)]}],
        "catalogues": [{"id": "ecei-2026", "hash": digest(b"a catalogue")}],
        "conflicts": {"swap_months": 12, "swap_floor": 4, "tie_months": 24},
        "disclosure": {"minimum": 5, "protection": 2},
        "status_max_age_days": 35,
    }


def consent(document: Json, agency: str, signer: Key | None = None, purpose: str = "charter", fingerprint: str | None = None) -> Json:
    """A founder's signature."""
    signer = signer or identity(agency)
    return {"agency": agency, "signature": signer.sign(purpose, fingerprint or text_hash(document), encode(document))}


def find(document: Json, agency: str) -> Json:
    """A member's entry, to be changed in place."""
    return next(entry for entry in document["members"] if entry["id"] == agency)


def rights(entry: Json) -> set[tuple[str, str]]:
    """What a member may issue."""
    return {(right["scheme"], level) for right in entry["rights"] for level in right["levels"]}


def concerned(present: Json, after: Json) -> list[str]:
    """Whose logs end or narrow: members that leave or lose a right."""
    later = {entry["id"]: rights(entry) for entry in after["members"]}
    return sorted(entry["id"] for entry in present["members"] if not rights(entry) <= later.get(entry["id"], set()))


@dataclasses.dataclass(frozen=True)
class Chain:
    """A founding document and its amendments, as one trust file holds them."""

    founding: Json
    amendments: tuple[Json, ...] = ()

    @functools.cached_property
    def fingerprint(self) -> str:
        """The hash of version 1."""
        return text_hash(self.founding["charter"])

    @property
    def newest(self) -> Json:
        """The last version."""
        newest: Json = self.amendments[-1]["charter"] if self.amendments else self.founding["charter"]
        return newest

    def following(self, *changes: Change) -> Json:
        """The next version's text: a copy of the newest with these changes."""
        text = copy.deepcopy(self.newest)
        text["version"] += 1
        text["previous"] = text_hash(self.newest)
        for change in changes:
            change(text)
        return text

    def with_amendment(self, text: Json, votes: list[Json]) -> "Chain":
        """The chain with one version more, right or wrong."""
        return dataclasses.replace(self, amendments=(*self.amendments, {"charter": text, "votes": votes}))

    def generation(self, agency: str) -> int:
        """Which of an agency's identity keys the newest version lists."""
        listed = {entry["id"]: entry["identity"] for entry in self.newest["members"]}.get(agency)
        return next((place for place in range(4) if identity(agency, place).hex == listed), 0)

    def ballot(self, text: Json, agency: str, sizes: dict[str, int | None] | int = 3, **fields: Any) -> Json:
        """What an agency says of a text: with the heads it saw of the logs concerned, when it is a member now."""
        present = any(entry["id"] == agency for entry in self.newest["members"])
        logs = [log for log in concerned(self.newest, text) if present and log != agency]
        seen = [head(self.fingerprint, log, sizes if isinstance(sizes, int) else sizes.get(log), agency) for log in logs]
        charter = fields.pop("charter", None) or text_hash(text)
        return {"version": text["version"], "charter": charter, "agency": agency, "accept": True, "heads": seen} | fields

    def signed(self, ballot: Json, signer: Key | None = None, purpose: str = "vote", fingerprint: str | None = None) -> Json:
        """A ballot with its signature, by the voter's present key unless another is named."""
        signer = signer or identity(ballot["agency"], self.generation(ballot["agency"]))
        return {"body": ballot, "signature": signer.sign(purpose, fingerprint or self.fingerprint, encode(ballot))}

    def vote(self, text: Json, agency: str, sizes: dict[str, int | None] | int = 3, **fields: Any) -> Json:
        """A vote as it should be, but for the fields named."""
        return self.signed(self.ballot(text, agency, sizes, **fields))

    def votes(self, text: Json, agencies: Iterable[str]) -> list[Json]:
        """A vote of each."""
        charter = text_hash(text)
        return [self.vote(text, agency, charter=charter) for agency in agencies]

    def amended(self, *changes: Change, by: Iterable[str] | None = None) -> "Chain":
        """The next version, agreed to by all members of now, or by those named."""
        text = self.following(*changes)
        voters = [entry["id"] for entry in self.newest["members"]] if by is None else by
        return self.with_amendment(text, self.votes(text, voters))

    def document(self) -> Json:
        """The trust file."""
        file = {"name": self.newest["name"], "fingerprint": self.fingerprint, "words": words(self.fingerprint), "founding": self.founding}
        return file | ({"amendments": list(self.amendments)} if self.amendments else {})

    def file(self, **fields: Any) -> bytes:
        """Its canonical text, with other fields where named."""
        return encode(self.document() | fields)


def founded(members: list[Json] | int, *changes: Change, signers: Iterable[str] | None = None) -> Chain:
    """A federation of these members, or of the first so many names, signed by all or by those named."""
    entries = [member(agency) for agency in NAMES[:members]] if isinstance(members, int) else members
    text = charter(entries)
    for change in changes:
        change(text)
    signing = [entry["id"] for entry in text["members"]] if signers is None else signers
    return Chain({"charter": text, "signatures": [consent(text, agency) for agency in dict.fromkeys(signing)]})


def put(name: str, value: Any) -> Change:
    """Sets a field of the charter."""
    return lambda text: text.__setitem__(name, value)


def put_member(agency: str, **fields: Any) -> Change:
    """Sets fields of a member; `None` leaves a field out."""

    def change(text: Json) -> None:
        entry = find(text, agency)
        for name, value in fields.items():
            entry.pop(name, None)
            if value is not None:
                entry[name] = value

    return change


def joins(*entries: Json) -> Change:
    """New members, in their place."""
    return lambda text: text.__setitem__("members", sorted([*text["members"], *entries], key=lambda entry: entry["id"]))


def leaves(*agencies: str) -> Change:
    """Members less."""
    return lambda text: text.__setitem__("members", [entry for entry in text["members"] if entry["id"] not in agencies])


def rotates(agency: str, generation: int = 1) -> Change:
    """An identity key gives way to the next one, which commits to the one after it."""
    return put_member(agency, identity=identity(agency, generation).hex, successor=identity(agency, generation + 1).hash)
