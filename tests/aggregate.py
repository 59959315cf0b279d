"""Adds up a federation's statistics from its public records alone: a mirror (docs/protocol.md, "Mirror", "Statistics").

    aggregate.py MIRROR 2026-Q4 [YYYY-MM-DDTHH:MM:SSZ]

Prints CSV: dimension, group, indicator, level, count, lower, upper, hidden_in, clusters, agencies. The time is the one at which
clusters are counted: by default the quarter's end. Signatures and proofs are not checked here: tests/testkit/check.py is about those.
"""
import csv, json, pathlib, sys
from collections import Counter, defaultdict

DIMENSIONS, MOST_GROUPS = ["country", "region", "field", "level"], 12


def records(log):
    """The records of one log that enough members have cosigned."""
    head, *signatures = (log / "checkpoint").read_text().split("\n— ")
    found, tiles = [], {}
    for file in filter(pathlib.Path.is_file, (log / "tile/entries").rglob("*")):
        name = str(file.relative_to(log / "tile/entries")).split(".p/")[0]
        tiles[name] = max(tiles.get(name, b""), file.read_bytes(), key=len)
    for _, data in sorted(tiles.items(), key=lambda tile: int(tile[0].replace("x", "").replace("/", ""))):
        while data:
            length = int.from_bytes(data[:2], "big")
            found.append(json.loads(data[2:2 + length]))
            data = data[2 + length:]
    witnesses = {line.split(" ")[0] for line in signatures if line.split(" ")[0].endswith("/witness")}
    return found[:int(head.split("\n")[1])], len(witnesses)


def end_of(quarter):
    year, number = quarter[:4], int(quarter[-1])
    return f"{year}-{number * 3:02}-{(31, 30, 30, 31)[number - 1]}T23:59:59Z"


def labels_at(logs, at, before, catalogue):
    """The newest label of each cluster that was valid then: agency -> cluster -> label."""
    confirmed = {(agency, record["about"][0]) for agency, log in logs.items() for record in log if record["type"] == "endorsement"}
    valid = defaultdict(dict)
    for agency, log in logs.items():
        mine = [record for record in log[:before.get(agency)] if record["type"] in ("label", "standing")]
        for place, record in enumerate(mine):
            if record["type"] != "label":
                continue
            body, label = record["body"], record["about"][0]
            common = body["common"]
            ended = any(
                label in other["about"] and other["body"]["at"] <= at
                if other["type"] == "standing"
                else other["body"]["common"]["cluster"]["id"] == common["cluster"]["id"]
                and other["body"]["common"]["scheme"] == common["scheme"]
                and other["body"]["issued"] <= at
                for other in mine[place + 1:]
            )
            endorsed = all((one["endorser"], label) in confirmed for one in body["endorsements"])
            if body["issued"] <= at and at[:7] <= common["valid_until"] and endorsed and not ended and common["catalogue"] == catalogue:
                valid[agency][common["cluster"]["id"]] = common
    return valid


def value(common, dimension):
    cluster = common["cluster"]
    if dimension == "level":
        return common["level"]
    if dimension == "region":
        return f"{cluster['nuts']['code'][:4]}/{cluster['nuts']['version']}" if "nuts" in cluster else None
    return cluster.get(dimension)


def pattern(counts, minimum):
    """The groups that follow from the register: value -> clusters, the rest under None."""
    groups = sorted(((count, name) for name, count in counts.items() if name is not None), key=lambda pair: (-pair[0], pair[1]))
    rest = counts.get(None, 0)
    while groups and (groups[-1][0] < minimum or 0 < rest < minimum or len(groups) + (rest > 0) > MOST_GROUPS):
        rest += groups.pop()[0]
    found = {name: count for count, name in groups} | ({None: rest} if rest else {})
    return found if len(found) > 1 and not 0 < rest < minimum else {}


def newest(logs, period, minimum, register):
    """Each agency's newest release of all clusters that counts what the register says, and its tables: agency -> (release, tables)."""
    found = {}
    for agency, log in logs.items():
        all_of = [record["body"] for record in log if record["type"] == "release" and record["body"]["period"] == period]
        whole = [body for body in all_of if "by" not in body]
        registered = register.get(agency, {})
        if not whole or whole[-1]["population"] != len(registered):
            continue
        tables = {}
        for body in (body for body in all_of if "by" in body and body["version"] == whole[-1]["version"]):
            counts = Counter(value(common, body["by"]) for common in registered.values())
            groups = {group.get("value"): group for group in body["groups"]}
            if pattern(counts, minimum) == {name: group["population"] for name, group in groups.items()}:
                tables.setdefault(body["by"], groups)
        found[agency] = (whole[-1], tables)
    return found


def pieces(release, tables, registered):
    """What an agency adds to each group: (dimension, group) -> (clusters, rows)."""
    whole = (release["population"], release["rows"])
    yield ("all", "all"), whole
    for dimension in DIMENSIONS:
        counts = Counter(value(common, dimension) for common in registered.values())
        for name in counts.keys() - {None}:
            group = tables.get(dimension, {}).get(name)
            rows = group["rows"] if group else []
            yield (dimension, name), whole if len(counts) == 1 else (counts[name], rows)


def main(mirror, period, at=None):
    at = at or end_of(period)
    trust = json.loads((mirror / "trust.json").read_text())
    charter = [trust["founding"], *trust.get("amendments", [])][-1]["charter"]
    others = len(charter["members"]) - 1
    quorum = others if others < 4 else 2 * others // 3 + 1
    read = {log: records(mirror / log) for log in json.loads((mirror / "mirror.json").read_text())["logs"]}
    logs = {log: found for log, (found, witnesses) in read.items() if witnesses >= quorum}
    before, catalogue = {}, None
    for agency, log in logs.items():
        for place, record in enumerate(log):
            if record["type"] == "release" and record["body"]["period"] == period and "by" not in record["body"]:
                before[agency], catalogue = place, record["body"]["catalogue"]
    register = labels_at(logs, at, before, catalogue)
    counted = newest(logs, period, charter["disclosure"]["minimum"], register)
    groups = defaultdict(list)
    for agency, (release, tables) in counted.items():
        for key, piece in pieces(release, tables, register[agency]):
            groups[key].append(piece)
    codes = sorted({row["indicator"] for release, _ in counted.values() for row in release["rows"]})
    clusters = sum(release["population"] for release, _ in counted.values())
    print(f"{len(counted)} of {len(charter['members'])} agencies, {clusters} of {sum(map(len, register.values()))} clusters", file=sys.stderr)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow("dimension group indicator level count lower upper hidden_in clusters agencies".split())
    for (dimension, group), parts in sorted(groups.items()):
        for code in codes:
            for level in [*range(5), "unknown"]:
                shown, upper, hidden_in = 0, 0, 0
                for population, rows in parts:
                    row = next((row for row in rows if row["indicator"] == code), None)
                    cells = [*row["cells"], row["unknown"]] if row else ["population"] * 6
                    rest = population - sum(cell for cell in cells if isinstance(cell, int))
                    cell = cells[-1 if level == "unknown" else level]
                    hidden = not isinstance(cell, int)
                    shown, upper, hidden_in = shown + (0 if hidden else cell), upper + (rest if hidden else cell), hidden_in + hidden
                count = shown if shown or not upper or not hidden_in else ""
                out.writerow([dimension, group, code, level, count, shown, upper, hidden_in, sum(part[0] for part in parts), len(parts)])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
