"""What `parangon verify` says, and the page that `parangon trust page` writes."""

import json
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

PROGRAM = os.environ.get("PARANGON", "target/release/parangon")


class Case:
    """A file, the trust file (a path, or None), and the date asked for."""

    def __init__(self, name: str, data: bytes, trust: str | None, at: str, expected: dict | None = None):
        self.name, self.data, self.trust, self.at, self.expected = name, data, trust, at, expected


def same_of(verdict: dict) -> dict:
    """The part of a verdict in which the two programs have to agree, by either one's names."""
    cause = verdict.get("cause") or {}
    as_of = verdict.get("as_of")
    members = ["code", "part", "flaw", "agency", "endorser", "version", "have", "needed", "words", "former", "signed", "endorsers", "renewable", "until"]
    return {
        "verdict": verdict["verdict"],
        "code": verdict["code"],
        "cause": {member: cause[member] for member in members if member in cause},
        "as_of": as_of,
        "words": (verdict.get("federation") or {}).get("words"),
        "pinned": (verdict.get("federation") or {}).get("pinned"),
        "label": (verdict.get("label") or {}).get("id"),
        "issuer": (verdict.get("label") or {}).get("issuer"),
        "endorsers": (verdict.get("label") or {}).get("endorsers"),
        "witnessed": (verdict.get("label") or {}).get("witnessed"),
    }


def verify_all(cases: list[Case]) -> list[dict]:
    """The program's verdicts. It sees no pins of whoever runs this."""
    with tempfile.TemporaryDirectory() as home:
        environment = dict(os.environ, XDG_CONFIG_HOME=home)

        def verify(case: Case) -> dict:
            command = [PROGRAM, "verify", "-", "--json", "--at", case.at]
            if case.trust:
                command += ["--trust", case.trust]
            done = subprocess.run(command, input=case.data, capture_output=True, env=environment, timeout=120)
            try:
                return json.loads(done.stdout)
            except ValueError:
                raise SystemExit(f"{case.name}: parangon verify ended with {done.returncode}: {done.stderr.decode(errors='replace')[:400]}")

        with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            return list(pool.map(verify, cases))


def write_page(path: str, trust: str):
    """The page that trusts this trust file's federation, as the program writes it."""
    with tempfile.TemporaryDirectory() as home:
        environment = dict(os.environ, XDG_CONFIG_HOME=home, XDG_STATE_HOME=home, PARANGON_DATA_DIR=os.path.join(home, "none"))
        for command in [["trust", "import", trust], ["trust", "page", "-o", path]]:
            done = subprocess.run([PROGRAM, *command], capture_output=True, env=environment, timeout=60)
            if done.returncode:
                raise SystemExit(f"parangon {' '.join(command)}: {done.stderr.decode(errors='replace')}")
