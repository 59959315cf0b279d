"""The list of cases: each has a name, one sentence, and a function that raises `Wrong`."""

import dataclasses
from collections.abc import Callable

from .desk import Desk

Body = Callable[[Desk], None]


@dataclasses.dataclass(frozen=True)
class Case:
    """One case."""

    name: str
    sentence: str
    body: Body
    # Which rule the program is known to break here, and what it then does, as the failure says it; empty when it follows all.
    deviates: str = ""
    instead: str = ""


CASES: dict[str, Case] = {}


def add(name: str, sentence: str, body: Body, deviates: str = "", instead: str = "") -> None:
    """Lists a case; names are unique."""
    if name in CASES:
        raise SystemExit(f"two cases are called {name}")
    CASES[name] = Case(name, sentence, body, deviates, instead)


def case(name: str, sentence: str, deviates: str = "", instead: str = "") -> Callable[[Body], Body]:
    """Lists the function below it."""

    def list_it(body: Body) -> Body:
        add(name, sentence, body, deviates, instead)
        return body

    return list_it
