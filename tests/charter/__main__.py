"""Runs all cases, or those whose name begins with one of the words given."""

import concurrent.futures
import os
import sys
import time

from . import amending, founding, heads, pins, program, reading, rekeying, resumption, thresholds, votes  # noqa: F401  (each lists its cases)
from .cases import CASES, Case
from .desk import Desk, Wrong
from .selfcheck import check


def run(case: Case, program_path: str) -> tuple[str | None, Desk]:
    """What is wrong, if anything, and the desk for its notes."""
    desk = Desk(program_path)
    try:
        case.body(desk)
    except Wrong as error:
        return str(error), desk
    except Exception as error:  # noqa: BLE001  a mistake in a case is a failure of that case, not the end of the run
        return f"{type(error).__name__}: {error}", desk
    finally:
        desk.close()
    return None, desk


def main() -> int:
    """Prints a line a case and a closing line; not 0 when anything failed."""
    program_path, prefixes = sys.argv[1], tuple(sys.argv[2:])
    chosen = [case for case in CASES.values() if not prefixes or case.name.startswith(prefixes)]
    start = time.monotonic()
    passed, failed, deviations, runs = 0, 0, [], 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda case: run(case, program_path), chosen)
        for case, (wrong, desk) in zip(chosen, outcomes, strict=True):
            runs += desk.runs
            if wrong and case.deviates and case.instead in wrong:
                deviations.append(f"{case.name}: {case.sentence} But: {wrong} [{case.deviates}]")
            elif case.deviates and not wrong:
                failed += 1
                print(f"FAILED {case.name}: it follows the rules now; take the mark away")
            elif wrong:
                failed += 1
                print(f"FAILED {case.name}: {case.sentence} But: {wrong}")
            else:
                passed += 1
                print(f"ok {case.name}")
            for note in desk.notes:
                print(f"   {note}")
    for fault in check(lambda case, path: run(case, path)[0], program_path):
        failed += 1
        print(f"FAILED self-check: {fault}")
    for deviation in deviations:
        print(f"DEVIATES {deviation}")
    print(f"{runs} commands in {time.monotonic() - start:.1f} s; {len(deviations)} known deviations from the rules")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
