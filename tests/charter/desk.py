"""Runs the program for one case in a configuration of its own, and compares exactly what it did."""

import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile
import time
from typing import Any

from .federation import Chain
from .text import Json, words

# The largest document that is read, in bytes.
DOCUMENT_BYTES = 4 * 1024 * 1024
# No command of these cases takes longer, on a busy machine too; one that waits for the end of endless data never ends.
SECONDS = 20.0


class Wrong(Exception):
    """The program did something else than the rules say."""


@dataclasses.dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    out: bytes
    err: bytes

    @property
    def json(self) -> Any:
        """Its answer."""
        try:
            return json.loads(self.out)
        except ValueError:
            raise Wrong(f"exit code {self.code}, and no JSON but {self.out[:200]!r} {self.err[:200]!r}") from None


def expect(what: str, found: Any, wanted: Any) -> None:
    """Compares exactly."""
    if found != wanted:
        raise Wrong(f"{what} is {str(found)[:300]!r} instead of {str(wanted)[:300]!r}")


class Desk:
    """A folder with a configuration, in which files are written and commands run."""

    def __init__(self, program: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="charter-")
        self.path = pathlib.Path(self._folder.name)
        self.program = program
        self.runs = 0
        self.notes: list[str] = []
        self.environment = {"XDG_CONFIG_HOME": f"{self.path}/config", "NO_COLOR": "1", "HOME": str(self.path), "PATH": os.environ["PATH"]}

    def close(self) -> None:
        """Removes the folder."""
        self._folder.cleanup()

    def write(self, name: str, content: bytes) -> str:
        """Writes a file and names it."""
        (self.path / name).write_bytes(content)
        return name

    def run(self, *command: str, stdin: bytes | int = subprocess.DEVNULL) -> Run:
        """Runs the program to its end."""
        given: dict[str, Any] = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        start = time.monotonic()
        try:
            done = subprocess.run(
                [self.program, *command], capture_output=True, timeout=SECONDS, cwd=self.path, env=self.environment, check=False, **given
            )
        except subprocess.TimeoutExpired:
            raise Wrong(f"no end of `{' '.join(command)}` after {time.monotonic() - start:.0f} s") from None
        self.runs += 1
        return Run(done.returncode, done.stdout, done.stderr)

    def kept(self) -> dict[str, bytes]:
        """Everything in the configuration."""
        files = (self.path / "config").rglob("*")
        return {str(file.relative_to(self.path)): file.read_bytes() for file in files if file.is_file()}

    def pin(self, fingerprint: str) -> pathlib.Path:
        """Where a federation is remembered."""
        return self.path / "config" / "parangon" / "trust" / f"{fingerprint}.json"

    def accepts(self, chain: Chain, file: bytes | None = None, added: bool = True, options: tuple[str, ...] = ()) -> None:
        """The file is taken, what is said of it is true, and exactly its canonical text is remembered."""
        before = self.kept()
        name = self.write("trust.json", chain.file() if file is None else file)
        run = self.run("trust", "import", name, "--json", *options)
        if run.code != 0:
            raise Wrong(f"refused with exit code {run.code}: {run.json.get('error', {}).get('detail')!r}")
        expect("the answer", run.json, summary(chain) | {"added": added})
        expect("stderr", run.err, b"")
        remembered = str(self.pin(chain.fingerprint).relative_to(self.path))
        expect("what is remembered", self.kept(), before | ({remembered: chain.file()} if added else {}))

    def refuses(self, file: bytes | Chain, code: int, fragment: str, *options: str) -> None:
        """The file is refused with this exit code, for this reason, and nothing is changed."""
        name = self.write("trust.json", file.file() if isinstance(file, Chain) else file)
        self.fails(("trust", "import", name, *options), code, fragment)

    def fails(self, command: tuple[str, ...], code: int, fragment: str, stdin: bytes | int = subprocess.DEVNULL) -> None:
        """The command ends with this exit code, for this reason, and changes nothing in the configuration."""
        before = self.kept()
        run = self.run(*command, "--json", stdin=stdin)
        expect("what is remembered", self.kept(), before)
        if run.code == 0:
            raise Wrong(f"accepted, instead of exit code {code}: {fragment}")
        error = run.json.get("error", {})
        if fragment not in error.get("detail", ""):
            raise Wrong(f"the reason is {error.get('detail')!r} instead of {fragment!r}")
        expect("the exit code", (run.code, error.get("code")), (code, f"PGN-{code:02}00"))

    def trusts(self, *chains: Chain) -> None:
        """Exactly these federations are trusted, in these versions, and all of it can be read."""
        run = self.run("trust", "show", "--json")
        expect("the exit code of `trust show`", run.code, 0)
        expect("what is trusted", run.json, [summary(chain) for chain in sorted(chains, key=lambda chain: chain.fingerprint)])
        expect("what is remembered", self.kept(), {str(self.pin(c.fingerprint).relative_to(self.path)): c.file() for c in chains})


def summary(chain: Chain) -> Json:
    """What the program says of a federation."""
    charter = chain.newest
    return {
        "federation": charter["name"],
        "fingerprint": chain.fingerprint,
        "words": words(chain.fingerprint),
        "members": len(charter["members"]),
        "demonstration": charter["demonstration"],
        "refounds": charter.get("refounds", {}).get("federation"),
        "keysets": 0,
    }
