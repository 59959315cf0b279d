"""The attack on statistics: what can be worked out from everything public at once, by linear programming.

    attack.py PUBLIC [TRUTH] [--processes 2]

PUBLIC has one federation a line, as `worlds` writes it: charter, register, releases, totals of pools. TRUTH is for scoring alone: whether
each interval that was worked out holds the true count, and how many leaks are exact. Nothing here shares code with the protocol's own audit.

Labels that are counted in the same tables and prove the same are told apart by nobody: they form a class. How many of each class stand in
each of six cells (unknown, level 0 to 4) is unknown; every published cell is an equation about a sum of these numbers, a hidden one of a
row that is not hidden whole says that it is not zero, and a label proves that its cluster stands no lower than it says. For each target, a
set of labels and a cell, HiGHS finds the fewest and the most that can stand there. Labels are whole, so an optimum with fractions is
followed by an integer program.

A target is a leak when it is known more closely than decision 028 promises: to less than `protection`, or what labels leave open, where that
is less. It is none where nobody stands there at all; where as many could be published anyway (`minimum` and more of a set of as many, and not
all); where noise has promised no more; where it was known before the tables that make it a target, and they add nothing. Known to stand all in one cell is always a leak.
"""

import argparse
import collections
import itertools
import json
import multiprocessing
import random
import sys

import highspy
import numpy as np

CELLS = 6
TOP = CELLS - 1
NEAR = 1e-6
# Targets are: what a published row counts; what one of two rows has and the other has not, when it is small; labels in the same tables; classes.
ROW, NESTED, CROSSED, KIN, CLASS, WITHIN = "row", "difference", "crossed difference", "kin", "class", "class within a row"


def truths(shown, noise, minimum):
    """The fewest and the most that a published count stands for: what is shown was 0, or the minimum and more."""
    if noise == 0:
        return shown, shown
    low, high = max(shown - noise, minimum), shown + noise
    if shown == 0:
        return 0, high if high >= low else 0
    return low, high


def cells_of(row, noise, minimum):
    """What a row says of each cell: the fewest and the most, the most None where it says nothing."""
    found = []
    for shown in [row["unknown"], *row["cells"]]:
        if isinstance(shown, int):
            found.append(truths(shown, noise, minimum))
        else:
            found.append((1, None) if shown == "small" else (0, None))
    return found


class Program:
    """Whole numbers for each class and cell, under everything that is public. Built from some of the rows: those up to a step."""

    def __init__(self, sizes, floors, facts):
        self.sizes, self.floors, self.classes = sizes, floors, len(sizes)
        self.columns = self.classes * CELLS
        upper = np.repeat(np.array(sizes, dtype=float), CELLS)
        for at, floor in enumerate(floors):
            upper[at * CELLS:at * CELLS + floor] = 0
        rows, low, high = [], [], []
        for at, size in enumerate(sizes):
            rows.append(np.arange(at * CELLS, (at + 1) * CELLS))
            low.append(size)
            high.append(size)
        for (classes, cell), (least, most) in facts.items():
            columns = np.array(sorted(classes)) * CELLS + cell
            if most == 0:
                upper[columns] = 0
                continue
            rows.append(columns)
            low.append(least)
            high.append(most)
        self.upper = upper
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.columns, len(rows)
        model.col_cost_, model.col_lower_, model.col_upper_ = np.zeros(self.columns), np.zeros(self.columns), upper
        model.row_lower_, model.row_upper_ = np.array(low, dtype=float), np.array(high, dtype=float)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        model.a_matrix_.index_ = np.concatenate(rows)
        model.a_matrix_.value_ = np.ones(sum(len(row) for row in rows))
        self.all = np.arange(self.columns, dtype=np.int32)
        self.model, self.whole = model, None
        self.linear = self.solver()

    def solver(self):
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.passModel(self.model)
        return solver

    def run(self, solver, cost):
        """The table with the least cost."""
        solver.changeColsCost(self.columns, self.all, cost)
        solver.run()
        status = solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise SystemExit(f"what is public contradicts itself, or the solver gave up: {status}")
        return np.array(solver.getSolution().col_value)

    def integers(self):
        if self.whole is None:
            self.whole = self.solver()
            self.whole.setOptionValue("mip_rel_gap", 0.0)
            self.whole.setOptionValue("mip_abs_gap", 0.5)
            self.whole.changeColsIntegrality(self.columns, self.all, np.array([highspy.HighsVarType.kInteger] * self.columns))
        return self.whole

    def least(self, cost):
        """A table of whole numbers with the least cost; the linear program's own where it is whole."""
        table = self.run(self.linear, cost)
        rounded = np.round(table)
        if np.abs(table - rounded).max() > NEAR:
            rounded = np.round(self.run(self.integers(), cost))
        return rounded


class Attack:
    """One indicator of one agency, or of one pool."""

    def __init__(self, units, floors, rows, rule):
        # `rows`: of each the labels, the step in which it was published, and the cells.
        self.minimum, self.protection = rule["minimum"], rule["protection"]
        self.rows = rows
        self.steps = sorted({step for _, step, _ in rows})
        groups = collections.defaultdict(list)
        for unit in units:
            groups[floors[unit], tuple(at for at, (counted, _, _) in enumerate(rows) if unit in counted)].append(unit)
        groups = [(key, of) for key, of in groups.items() if key[1]]
        self.floors = [floor for (floor, _), _ in groups]
        self.sizes = [len(of) for _, of in groups]
        self.members = [of for _, of in groups]
        self.signatures = [signature for (_, signature), _ in groups]
        self.of_row = [frozenset(at for at, signature in enumerate(self.signatures) if row in signature) for row in range(len(rows))]
        # What noise has promised of a count, and no more: how far apart the ends are that a published one leaves.
        self.promised = {}
        for classes, (_, _, cells) in zip(self.of_row, rows):
            for cell, (least, most) in enumerate(cells):
                if most is not None and least < most:
                    self.promised[classes, cell] = min(most - least, self.promised.get((classes, cell), most))
        self.programs = {}

    def wanted(self, classes, cell):
        """How far apart the ends of a count have to be."""
        return min(self.protection, self.open(classes, cell), self.promised.get((frozenset(classes), cell), self.protection))

    def program(self, step):
        """Everything that was public after a step."""
        if step not in self.programs:
            facts = {}
            for (_, at, cells), classes in zip(self.rows, self.of_row):
                if at > step:
                    continue
                size = self.size(classes)
                for cell, (least, most) in enumerate(cells):
                    most = size if most is None else most
                    if (least, most) != (0, size):
                        known = facts.get((classes, cell), (0, size))
                        facts[classes, cell] = (max(least, known[0]), min(most, known[1]))
            self.programs[step] = Program(self.sizes, self.floors, facts)
        return self.programs[step]

    def size(self, classes):
        return sum(self.sizes[at] for at in classes)

    def open(self, classes, cell):
        """How far apart labels leave the ends of a count."""
        most = sum(self.sizes[at] for at in classes if self.floors[at] <= cell)
        return most - (sum(self.sizes[at] for at in classes if self.floors[at] == cell) if cell == TOP else 0)

    def targets(self):
        """Each set of classes with the steps after which it is a target, and what makes it one then."""
        found = collections.defaultdict(lambda: collections.defaultdict(set))

        def add(classes, kind, step):
            if classes:
                found[frozenset(classes)][step].add(kind)

        for step in self.steps:
            rows = {classes for (_, at, _), classes in zip(self.rows, self.of_row) if at <= step}
            for classes in rows:
                add(classes, ROW, step)
            for large, small in itertools.permutations(rows, 2):
                rest = large - small
                if 0 < self.size(rest) < self.minimum:
                    add(rest, NESTED if small < large else CROSSED, step)
            kin, same = collections.defaultdict(set), collections.defaultdict(set)
            for at, signature in enumerate(self.signatures):
                signature = tuple(row for row in signature if self.rows[row][1] <= step)
                if signature:
                    kin[signature].add(at)
                    same[signature, self.floors[at]].add(at)
            for classes in kin.values():
                add(classes, KIN, step)
            for (signature, _), classes in same.items():
                # Within a row of its own only that not all of a class stand in one cell: decision 007 promises no more.
                add(classes, WITHIN if frozenset(kin[signature]) in rows else CLASS, step)
        return found

    def fine(self, classes, cell, low, high, kinds):
        size = self.size(classes)
        if high == 0 or self.open(classes, cell) == 0:
            return True
        if low == size:
            return False
        return kinds == {WITHIN} or high - low >= self.wanted(classes, cell) or (size >= self.minimum and low >= self.minimum)

    def run(self, dice):
        """All leaks, and how many targets were looked at: `(kinds, labels, cell, low, high)` of each leak."""
        last = self.program(self.steps[-1])
        targets = self.targets()
        sets = list(targets)
        matrix = np.zeros((len(sets), len(self.sizes)))
        for at, classes in enumerate(sets):
            matrix[at, sorted(classes)] = 1
        low, high = np.full((len(sets), CELLS), np.inf), np.full((len(sets), CELLS), -np.inf)

        def see(table):
            counts = matrix @ table.reshape(-1, CELLS)
            np.minimum(low, counts, out=low)
            np.maximum(high, counts, out=high)

        # A few tables far from each other settle most targets.
        for _ in range(4):
            cost = np.array([dice.uniform(-1, 1) for _ in range(last.columns)])
            see(last.least(cost))
            see(last.least(-cost))
        leaks = []
        for at, classes in enumerate(sets):
            columns = np.array(sorted(classes)) * CELLS
            for cell in range(CELLS):
                if self.open(classes, cell) == 0 or self.is_wide(classes, cell, low[at, cell], high[at, cell], targets[classes]):
                    continue
                cost = np.zeros(last.columns)
                cost[columns + cell] = 1
                see(last.least(-cost))
                if self.is_wide(classes, cell, low[at, cell], high[at, cell], targets[classes]):
                    continue
                see(last.least(cost))
                ends = int(low[at, cell]), int(high[at, cell])
                if not all(self.fine(classes, cell, *ends, kinds) for kinds in targets[classes].values()):
                    leaks += self.held(classes, cell, targets[classes], cost)
        return leaks, len(sets) * CELLS

    def is_wide(self, classes, cell, low, high, steps):
        """Whether tables that fit differ so much that nothing else matters."""
        if all(kinds == {WITHIN} for kinds in steps.values()):
            return low < self.size(classes)
        return high - low >= self.wanted(classes, cell)

    def held(self, classes, cell, targets, cost):
        """Whether it is known by a step after which it is a target, and was not known as well before that step."""
        before = None
        for step in self.steps:
            program = self.program(step)
            ends = tuple(int(round(cost @ program.least(sign * cost))) for sign in (1, -1))
            if step in targets and ends != before and not self.fine(classes, cell, *ends, targets[step]):
                return [(sorted(targets[step]), [unit for at in classes for unit in self.members[at]], cell, *ends)]
            before = ends
        return []


def floor_of(indicator, label):
    """The lowest cell that a label proves to everyone."""
    if indicator["minimum"] is None or label["implied"] is None:
        return 0
    return max(indicator["minimum"], label["implied"]) + 1


def parts(record):
    """The rows of each set of labels that a release or a total counts."""
    return [record["rows"]] if "rows" in record and not record.get("groups") else [group["rows"] for group in record["groups"]]


def systems(federation):
    """What overlaps: all releases of one agency, all totals of the pool. Of each the sets, their steps and their rows."""
    found = collections.defaultdict(list)
    for release in federation["releases"]:
        noise = release["record"].get("perturbation", {}).get("noise", {}).get("maximum", 0)
        found[release["agency"]] += [(counted, release["step"], rows, noise) for counted, rows in zip(release["sets"], parts(release["record"]))]
    for step, total in enumerate(federation["totals"]):
        found["pool"] += [(counted, step, rows, 0) for counted, rows in zip(total["sets"], parts(total["record"]))]
    return found


def federation(line, truth):
    public = json.loads(line)
    true = json.loads(truth)["cells"] if truth else None
    dice = random.Random(public["seed"])
    sums = collections.Counter(federations=1, releases=len(public["releases"]), totals=len(public["totals"]))
    leaks = []
    for name, published in systems(public).items():
        units = sorted({unit for counted, *_ in published for unit in counted})
        for at, indicator in enumerate(public["indicators"]):
            rows = []
            for counted, step, table, noise in published:
                row = next(row for row in table if row["indicator"] == indicator["code"])
                rows.append((frozenset(counted), step, cells_of(row, noise, public["rule"]["minimum"])))
                shown = [cell for cell in [row["unknown"], *row["cells"]] if isinstance(cell, int)]
                sums["cells"] += CELLS
                sums["hidden"] += CELLS - len(shown)
            floors = {unit: floor_of(indicator, public["register"][unit]) for unit in units}
            attack = Attack(units, floors, rows, public["rule"])
            found, looked = attack.run(dice)
            sums["targets"] += looked
            for kinds, labels, cell, low, high in found:
                leak = {"seed": public["seed"], "of": name, "indicator": indicator["code"], "kinds": kinds, "labels": len(labels), "cell": cell,
                        "low": low, "high": high}
                if true:
                    count = sum(true[label][at] == cell for label in labels)
                    if not low <= count <= high:
                        raise SystemExit(f"worked out wrongly, the truth is {count}: {leak}")
                    leak["exact"] = low == high
                leaks.append(leak)
    sums["leaks"] = len(leaks)
    return sums, leaks


def one(pair):
    return federation(*pair)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("public")
    arguments.add_argument("truth", nargs="?")
    arguments.add_argument("--processes", type=int, default=2)
    arguments.add_argument("--show", type=int, default=5)
    given = arguments.parse_args()
    with open(given.public, encoding="utf-8") as public:
        lines = public.readlines()
    truths = [None] * len(lines)
    if given.truth:
        with open(given.truth, encoding="utf-8") as truth:
            truths = truth.readlines()
    sums, leaks = collections.Counter(), []
    with multiprocessing.get_context("fork").Pool(given.processes) as pool:
        for some, found in pool.imap(one, zip(lines, truths, strict=True), chunksize=4):
            sums += some
            leaks += found
    for leak in leaks[:given.show]:
        print(json.dumps(leak))
    if leaks:
        by_kind = collections.Counter(leak["kinds"][0] for leak in leaks)
        print("leaks by kind:", ", ".join(f"{kind} {count}" for kind, count in sorted(by_kind.items())), "; exact:", sum(bool(leak.get("exact")) for leak in leaks))
    print(f"{sums['federations']} federations, {sums['releases']} releases, {sums['totals']} totals of pools, {sums['hidden']} of {sums['cells']} cells hidden, "
          f"{sums['targets']} counts attacked, {len(leaks)} leaks")


if __name__ == "__main__":
    sys.exit(main())
