"""Whether the page and `parangon verify` say the same of every file."""

import base64
import json
import os
import random
from collections import Counter

from . import mutate
from .browser import Page
from .rust import Case, same_of, verify_all

# Verdicts asked for at once.
BATCH = 40

# What the page says, in the program's words.
SCRIPT = """(async (cases, trusts) => {
    const stamp = (seconds) => seconds === undefined ? undefined : new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
    const answers = [];
    for (const { data, trust, at } of cases) {
        const bytes = Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0));
        try {
            const { verdict, code, cause, asOf, federation, label } = await parangon.verify(bytes, trust === null ? [] : [trusts[trust]], at);
            answers.push({
                verdict, code, cause, as_of: stamp(asOf), federation,
                label: label && { id: label.id, issuer: label.issuer, endorsers: label.endorsers, witnessed: stamp(label.witnessed) },
            });
        } catch (error) {
            answers.push({ verdict: `error: ${error.stack}`, code: -1 });
        }
    }
    return answers;
})"""


def page_verdicts(page: Page, cases: list[Case]) -> list[dict]:
    answers = []
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        trusts = {case.trust: open(case.trust, encoding="utf-8").read() for case in batch if case.trust}
        given = [{"data": base64.b64encode(case.data).decode(), "trust": case.trust, "at": case.at} for case in batch]
        answers += page.ask(f"{SCRIPT}({json.dumps(given)}, {json.dumps(trusts)})")
    return answers


def compare(page: Page, cases: list[Case], what: str) -> int:
    """Prints how many of which outcome there were, and each difference. How many differ."""
    differences, outcomes = 0, Counter()
    for case, own, pages in zip(cases, verify_all(cases), page_verdicts(page, cases)):
        own, pages = same_of(own), same_of(pages)
        outcomes[own["verdict"]] += 1
        expected = case.expected and (case.expected["verdict"], case.expected["code"], case.expected["cause"])
        unexpected = expected and expected != (pages["verdict"], pages["code"], pages["cause"].get("code"))
        if own != pages or unexpected:
            differences += 1
            differing = {key: (own[key], pages[key]) for key in own if own[key] != pages[key]}
            print(f"  {case.name}: program and page: {differing}" if differing else f"  {case.name}: expected {expected}, page and program: {own}")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"{what}: {len(cases)} files ({counts}), {differences} differences")
    return differences


def kit(root: str) -> list[Case]:
    """The files of the test kit, each with what is expected."""
    cases = []
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(name for name in names if name.endswith(".expect.json")):
            path = os.path.join(folder, name.removesuffix(".expect.json"))
            with open(path, "rb") as file, open(os.path.join(folder, name), encoding="utf-8") as about:
                data, expected = file.read(), json.load(about)
            data = data.ljust(expected.get("pad", 0))
            trust = expected["trust"] and os.path.join(root, "trust", f"{expected['trust']}.json")
            cases.append(Case(os.path.relpath(path, root), data, trust, expected["at"], expected))
    return cases


def read(data: bytes):
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def mutated(cases: list[Case], count: int, seed: int) -> list[Case]:
    """Changed files, made from good ones: the same seed gives the same."""
    rng = random.Random(seed)
    sources = [(case, value) for case in cases if isinstance(value := read(case.data), dict) and value]
    by_trust = {}
    for case, value in sources:
        by_trust.setdefault(case.trust, []).append(value)
    made = []
    for number in range(count):
        case, value = rng.choice(sources)
        if rng.randrange(3) == 0:
            data = mutate.changed_bytes(rng, case.data)
        else:
            data = mutate.changed_json(rng, value, rng.choice([by_trust[case.trust], [value for _, value in sources]]))
        trust = rng.choice([case.trust, case.trust, case.trust, None])
        made.append(Case(f"seed {seed}, number {number} (of {case.name})", data, trust, mutate.dates(rng, case.at)))
    return made
