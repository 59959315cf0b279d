"""Figures of a running demonstration as programs of others read them: every number compared with the JSON. Then the snippets of docs/figures.md.

Called by tests/formats with the program and the working directory.
"""

import csv
import io
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
import zipfile

import openpyxl
import pandas as pd
import sdmx
from pyjstat import pyjstat
from pysdmx.io import get_datasets

KEY = ["catalogue", "period", "dimension", "group", "indicator", "level"]
NUMBERS = ["count", "lower", "upper", "clusters", "agencies", "pooled", "hidden_in"]
WORDS = ["status", "obs_status", "conf_status"]
FORMATS = {
    "csv": "figures.csv", "json": "figures.json", "json-stat": "figures.jsonstat.json", "sdmx-csv": "figures.sdmx.csv",
    "sdmx-structure": "structure.xml", "xlsx": "figures.xlsx", "parquet": "figures.parquet", "svg": "levels.svg", "zip": "figures.zip",
}
SNIPPET = re.compile(r"^```(sh|python|r)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Figures:
    """The files of one node, and what its JSON says."""

    def __init__(self, program, work, node):
        self.program, self.node, self.at = program, node, work / f"files-{node.name}"
        self.at.mkdir()
        for name, file in FORMATS.items():
            if name != "parquet" or (work / "probe.parquet").exists():
                self.export(name, self.at / file)
        for chart in ("spread", "panels"):
            self.export("svg", self.at / f"{chart}.svg", "--chart", chart)
        self.json = json.loads((self.at / "figures.json").read_bytes())
        self.rows = {tuple(row[name] for name in KEY): row for row in self.json["observations"]}

    def export(self, name, path, *more):
        words = [self.program, "stats", "export", "--format", name, "--data", self.node, "-o", path, *more]
        done = subprocess.run(words, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{name}: {done.returncode} {done.stderr.decode()}")

    def compare(self, what, found, names):
        """`found` has the same keys as the JSON, and under `names` the same values."""
        if len(found) != len(self.rows) or found.keys() != self.rows.keys():
            sys.exit(f"{what}: {len(found)} rows of {len(self.rows)}, {sorted(set(self.rows) - set(found))[:3]} missing")
        for key, row in self.rows.items():
            for name in names:
                if found[key][name] != row[name]:
                    sys.exit(f"{what}: {name} of {key} is {found[key][name]!r}, not {row[name]!r}")
        print(f"{what}: {len(found)} rows, {len(found) * len(names)} values")


def number(value):
    """A number, or None for what a program shows as missing."""
    if value is None or value is pd.NA or value == "" or math.isnan(float(value)):
        return None
    if float(value) != int(float(value)):
        sys.exit(f"{value!r} is no whole number")
    return int(float(value))


def of_frame(frame):
    """A table of pandas as rows."""
    rows = {}
    for row in frame.to_dict("records"):
        row |= {name: number(row[name]) for name in NUMBERS}
        rows[tuple(str(row[name]) for name in KEY)] = row
    if len(rows) != len(frame):
        sys.exit("a key stands twice")
    return rows


def read_csv(figures):
    raw = (figures.at / "figures.csv").read_bytes()
    if raw.count(b"\r\n") != raw.count(b"\n") or not raw.endswith(b"\r\n"):
        sys.exit("csv: lines of another end")
    lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8"), newline="")))
    figures.compare("csv", of_frame(pd.DataFrame(lines)), NUMBERS + WORDS)
    # pandas as it comes: only codes are told to be words.
    frame = pd.read_csv(figures.at / "figures.csv", dtype={"indicator": str, "level": str})
    figures.compare("csv in pandas", of_frame(frame), NUMBERS + WORDS)
    if not all((row["reasons"].split("+") if row["reasons"] else []) == figures.rows[tuple(row[name] for name in KEY)]["reasons"] for row in lines):
        sys.exit("csv: other reasons")


def read_workbook(figures):
    book = openpyxl.load_workbook(figures.at / "figures.xlsx", read_only=True)
    if book.sheetnames != ["Figures", "About", "Codes"]:
        sys.exit(f"xlsx: {book.sheetnames}")
    head, *lines = book["Figures"].values
    rows = [dict(zip(head, line)) for line in lines]
    for row in rows:
        if isinstance(row["count"], str):
            if not row["count"].startswith("hidden (") or row["status"] != "hidden":
                sys.exit(f"xlsx: {row['count']!r}")
            row["count"] = None
    figures.compare("xlsx in openpyxl", of_frame(pd.DataFrame(rows)), NUMBERS + WORDS)
    words = {cell for line in book["About"].values for cell in line if cell}
    if figures.json["federation"]["fingerprint"] not in words or figures.json["citation"] not in words:
        sys.exit("xlsx: the sheet About lacks fingerprint or citation")


def read_json_stat(figures):
    text = (figures.at / "figures.jsonstat.json").read_text()
    frame = pyjstat.Dataset.read(text).write("dataframe", naming="id")
    rows = {}
    for row in frame.to_dict("records"):
        dimension, _, group = row["group"].partition(" ")
        key = row["catalogue"], row["period"], dimension, group or "all", row["indicator"], row["level"]
        rows.setdefault(key, {})[row["measure"]] = number(row["value"])
    # The cube also has cells that the table lacks; those hold nothing.
    rows = {key: row for key, row in rows.items() if any(value is not None for value in row.values())}
    figures.compare("json-stat in pyjstat", rows, NUMBERS)
    status = json.loads(text)["status"]
    if len(status) != sum(row["obs_status"] != "A" for row in figures.rows.values()):
        sys.exit("json-stat: other statuses")


def of_sdmx(figures, records):
    """Rows with SDMX's codes, as those of the JSON: the code lists are not needed to go back."""
    indicators = {"I" + code["code"].replace(".", "_"): code["code"] for info in figures.json["catalogues"] for code in info["indicators"]}
    names = dict(zip(["OBS_VALUE", "OBS_LOWER", "OBS_UPPER", "CLUSTERS", "AGENCIES", "POOLED", "HIDDEN_IN"], NUMBERS))
    rows = {}
    for record in records:
        breakdown, group = record["BREAKDOWN"], record["GROUP"]
        key = (
            record["CATALOGUE"], record["TIME_PERIOD"], "all" if breakdown == "_T" else breakdown.lower(),
            {"_T": "all", "_O": "rest"}.get(group, group), indicators[record["INDICATOR"]],
            "unknown" if record["LEVEL"] == "_U" else record["LEVEL"].removeprefix("L"),
        )
        if key in rows:
            sys.exit(f"sdmx: {key} stands twice")
        row = {ours: number(record[theirs]) for theirs, ours in names.items()}
        rows[key] = row | {"obs_status": record["OBS_STATUS"], "conf_status": record["CONF_STATUS"]}
    return rows


def read_sdmx(figures):
    values = NUMBERS + ["obs_status", "conf_status"]
    message = sdmx.read_sdmx(figures.at / "structure.xml")
    flow = message.dataflow["FIGURES"]
    data = sdmx.read_sdmx(figures.at / "figures.sdmx.csv", structure=flow)
    (data_set,) = data.data
    records = []
    for observation in data_set.obs:
        for component in flow.structure.dimensions.components:
            code = observation.dimension.values[component.id].value
            enumerated = component.local_representation.enumerated
            if enumerated is not None and code not in enumerated:
                sys.exit(f"sdmx1: {code} is in no code list of {component.id}")
        record = {part.id: part.value for part in observation.dimension.values.values()}
        record |= {name: attribute.value for name, attribute in observation.attached_attribute.items()}
        records.append(record | {"OBS_VALUE": observation.value})
    figures.compare("sdmx in sdmx1", of_sdmx(figures, records), values)
    series = sdmx.to_pandas(data_set)
    if len(series) != len(figures.rows) or series.isna().sum() != sum(row["count"] is None for row in figures.rows.values()):
        sys.exit("sdmx1: another series")

    # pysdmx checks the message against the schemas of SDMX 3.0.
    (frame,) = get_datasets(figures.at / "figures.sdmx.csv", figures.at / "structure.xml")
    figures.compare("sdmx in pysdmx", of_sdmx(figures, frame.data.to_dict("records")), values)
    for component in frame.structure.components:
        codes = component.enumeration
        if codes is not None and not set(frame.data[component.id]) <= {code.id for code in codes.items}:
            sys.exit(f"pysdmx: codes of {component.id} that are in no list")


def read_parquet(figures):
    path = figures.at / "figures.parquet"
    if not path.exists():
        print("parquet: this program was built without it")
        return
    figures.compare("parquet in pyarrow", of_frame(pd.read_parquet(path)), NUMBERS + WORDS)


def read_drawings(figures):
    for name in ("levels", "spread", "panels"):
        root = xml.etree.ElementTree.parse(figures.at / f"{name}.svg").getroot()
        parts = {element.tag.rpartition("}")[2] for element in root.iter()}
        if not {"title", "desc", "text"} <= parts or "script" in parts:
            sys.exit(f"{name}.svg: {parts}")
        words = root.find("{http://www.w3.org/2000/svg}desc").text
        for row in figures.rows.values():
            if row["level"] != "unknown" and row["status"] == "exact" and f"level {row['level']} {row['count']}" not in words:
                sys.exit(f"{name}.svg: its description lacks {row}")
    print("svg: three drawings")


def read_zip(figures):
    with zipfile.ZipFile(figures.at / "figures.zip") as archive:
        names = archive.namelist()
        for name in FORMATS.values():
            if name == "figures.zip" or not (figures.at / name).exists():
                continue
            if archive.read(name) != (figures.at / name).read_bytes():
                sys.exit(f"zip: another {name}")
        (entry,) = json.loads(archive.read("citation.json"))
        if entry["type"] != "dataset" or not archive.read("citation.bib").startswith(b"@misc{"):
            sys.exit("zip: no citation")
        for name in ("README.txt", "LICENCE.txt", "codes/indicators.csv", "codes/obs_status.csv", "codes/conf_status.csv"):
            if not archive.read(name):
                sys.exit(f"zip: {name} is empty")
    print(f"zip: {len(names)} files")


def run_snippets(work, node):
    """Each snippet of docs/figures.md, in its own words; they share a folder, as a reader's do."""
    address = next(line.split()[2] for line in (work / "demo.out").read_text().splitlines() if line.split()[:1] == [node.name])
    folder = work / "snippets"
    folder.mkdir()
    env = os.environ | {"NODE": address, "TOKEN": (node / "admin.token").read_text().strip()}
    programs = {"sh": ["sh", "-eu", "-c"], "python": [sys.executable, "-c"], "r": [shutil.which("Rscript"), "-e"]}
    ran = dict.fromkeys(programs, 0)
    for language, code in SNIPPET.findall(pathlib.Path("docs/figures.md").read_text()):
        if programs[language][0] is None:
            print("snippets: there is no R here")
            continue
        done = subprocess.run([*programs[language], code], cwd=folder, env=env, capture_output=True, check=False, timeout=120)
        if done.returncode or (language != "sh" and not done.stdout.strip()):
            sys.exit(f"snippet:\n{code}\n{done.stdout.decode()}{done.stderr.decode()}")
        ran[language] += 1
    if ran["sh"] < 1 or ran["python"] < 3 or not (folder / "figures.csv").stat().st_size or not list(folder.glob("*-figures.zip")):
        sys.exit(f"snippets: {ran}")
    print(f"snippets: {ran}")


def main():
    program, work = sys.argv[1], pathlib.Path(sys.argv[2])
    nodes = sorted(path for path in (work / "demo").iterdir() if path.name.startswith("demo-"))
    all_figures = [Figures(program, work, node) for node in nodes[:2]]
    figures = all_figures[0]
    statuses = {row["status"] for row in figures.rows.values()}
    if len(figures.rows) < 186 or not {"exact", "at-least", "hidden"} <= statuses:
        sys.exit(f"{len(figures.rows)} rows with {statuses}: too little to compare")
    for read in (read_csv, read_workbook, read_json_stat, read_sdmx, read_parquet, read_drawings, read_zip):
        read(figures)
    for path in figures.at.iterdir():
        if path.read_bytes() != (all_figures[1].at / path.name).read_bytes():
            sys.exit(f"two nodes, two files: {path.name}")
    print("two nodes: the same bytes")
    run_snippets(work, nodes[0])


main()
