"""`tests/page`: see there."""

import argparse
import os
import random
import sys
import tempfile

from . import agreement, carriers, look, rust
from .browser import Browser, Failed

SIZE = 300_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/page")
    parser.add_argument("--axe", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--kit", default="tests/testkit", help="a directory of files, each with NAME.expect.json beside it")
    parser.add_argument("--mutations", type=int, default=400, help="changed files to compare")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", metavar="DIR")
    args = parser.parse_args()
    cases = agreement.kit(args.kit)
    if not cases:
        raise SystemExit(f"{args.kit} holds no files with expectations")
    shown = next(case for case in valid_of(cases) if case.name == "outcomes/valid.label.json")
    looks = look.Looks()
    with tempfile.TemporaryDirectory(prefix="page-") as folder, Browser() as browser:
        pinned, unpinned = os.path.join(folder, "verify.html"), os.path.join(folder, "unpinned.html")
        rust.write_page(pinned, shown.trust)
        unpin(pinned, unpinned)
        size = os.path.getsize(unpinned)
        looks.check(size <= SIZE, f"the page has {size} bytes, at most {SIZE}")
        differences = compare(browser, f"file://{unpinned}", folder, cases, args)
        for what, run in {
            "accessibility": lambda: look.accessibility(browser, f"file://{pinned}", open(args.axe, encoding="utf-8").read(), shown, looks),
            "answers": lambda: look.answers(browser, f"file://{pinned}", shown, looks),
            "keyboard": lambda: look.keyboard(browser, f"file://{pinned}", shown, looks),
            "width": lambda: look.narrow(browser, f"file://{pinned}", shown, looks),
            "trust": lambda: look.trust(browser, f"file://{unpinned}", shown, looks),
            "old browsers": lambda: look.insecure(browser, f"file://{pinned}", looks),
        }.items():
            before = looks.failures
            run()
            print(f"{what}: {looks.failures - before} of its checks failed" if looks.failures > before else f"{what}: ok")
        if args.pictures:
            look.pictures(browser, f"file://{pinned}", shown, args.pictures)
    print(f"{size} bytes; {looks.checks} checks of the page, {looks.failures} failed; {differences} differences")
    return 1 if differences or looks.failures else 0


def valid_of(cases: list[rust.Case]) -> list[rust.Case]:
    return [case for case in cases if case.expected["verdict"] == "valid" and case.trust]


def compare(browser: Browser, url: str, folder: str, cases: list[rust.Case], args) -> int:
    """Differences between the page and the program, over all files."""
    page = browser.open(url)
    rng = random.Random(args.seed)
    differences = agreement.compare(page, cases, "the test kit")
    valid = valid_of(cases)
    usual = [case for case in valid if case.trust == valid[0].trust]
    carried = carriers.carried(usual[0], usual[1], folder, rng) + carriers.carried(valid[-1], usual[0], folder, rng)
    carried += carriers.mutated(carried, args.mutations // 4, rng)
    differences += agreement.compare(page, carried, "carriers")
    differences += agreement.compare(page, agreement.mutated(cases, args.mutations, args.seed), "changed files")
    looks = look.Looks()
    look.nothing_else(page, url, looks)
    page.close()
    return differences + looks.failures


def unpin(pinned: str, unpinned: str):
    """The same page without a trust file: what the program writes where nothing is known."""
    with open(pinned, encoding="utf-8") as file:
        before, rest = file.read().split('id="trust">', 1)
    with open(unpinned, "w", encoding="utf-8") as file:
        file.write(before + 'id="trust">null' + rest[rest.index("</script>") :])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failed:
        sys.exit(f"the browser: {failed}")
