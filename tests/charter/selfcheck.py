"""Whether these cases can fail: wrong expectations, and programs that lie, have to be noticed."""

import os
import pathlib
import tempfile
from collections.abc import Callable

from .cases import Case
from .desk import Desk
from .federation import founded, put

Runner = Callable[[Case, str], str | None]

# Programs around the real one. Each does one thing wrong that some case has to notice.
LIARS = {
    "says yes to everything": '"$REAL" "$@" && exit 0; echo "{}"; exit 0',
    "says no to everything": '"$REAL" "$@"; exit 7',
    "ends with another code": '"$REAL" "$@"; code=$?; [ $code -eq 0 ] && exit 0; exit $((code + 1))',
    "gives another reason": '"$REAL" "$@" | sed "s/these founders have not signed/something is wrong/"; exit ${PIPESTATUS[0]}',
    "tells another fingerprint": '"$REAL" "$@" | sed "s/\\"fingerprint\\":\\"./\\"fingerprint\\":\\"x/"; exit ${PIPESTATUS[0]}',
    "remembers what it refuses": '"$REAL" "$@"; code=$?; [ $code -eq 0 ] || { mkdir -p "$XDG_CONFIG_HOME"; echo >"$XDG_CONFIG_HOME/x"; }; exit $code',
    "remembers another text": '"$REAL" "$@"; code=$?; for f in $(find "$XDG_CONFIG_HOME" -name "*.json"); do echo >>"$f"; done; exit $code',
    "remembers nothing": '"$REAL" "$@"; code=$?; rm -rf "$XDG_CONFIG_HOME"; exit $code',
}


def good(desk: Desk) -> None:
    """A founding that is right, and stays known."""
    chain = founded(3)
    desk.accepts(chain)
    desk.trusts(chain)


def bad(desk: Desk) -> None:
    """A founding that one has not signed."""
    desk.refuses(founded(3, signers=["bergen", "cadiz"]), 7, "these founders have not signed: delft")


def wrong_yes(desk: Desk) -> None:
    """A wrong expectation: nobody signed this."""
    desk.accepts(founded(3, signers=[]))


def wrong_no(desk: Desk) -> None:
    """A wrong expectation: this is in order."""
    desk.refuses(founded(3), 7, "these founders have not signed")


def wrong_reason(desk: Desk) -> None:
    """A wrong expectation: it is refused, for another reason."""
    desk.refuses(founded(3, put("disclosure", {"minimum": 1, "protection": 1})), 7, "these founders have not signed")


def wrong_code(desk: Desk) -> None:
    """A wrong expectation: another exit code."""
    desk.refuses(founded(3, signers=[]), 8, "these founders have not signed")


def check(run: Runner, program: str) -> list[str]:
    """What was not noticed."""
    faults = []
    for body in (good, bad):
        if wrong := run(Case(body.__name__, "", body), program):
            faults.append(f"{body.__name__}: {wrong}")
    for body in (wrong_yes, wrong_no, wrong_reason, wrong_code):
        if run(Case(body.__name__, "", body), program) is None:
            faults.append(f"a wrong expectation passes: {body.__doc__}")
    with tempfile.TemporaryDirectory() as folder:
        for name, script in LIARS.items():
            liar = pathlib.Path(folder) / "liar"
            liar.write_text(f"#!/bin/bash\nREAL={os.path.abspath(program)}\n{script}\n", encoding="utf-8")
            liar.chmod(0o755)
            if all(run(Case(body.__name__, "", body), str(liar)) is None for body in (good, bad)):
                faults.append(f"a program is believed that {name}")
    if not faults:
        print(f"ok self-check: 4 wrong expectations and {len(LIARS)} lying programs are noticed")
    return faults
