#!/usr/bin/env python3
"""Writes ugly spreadsheets into a directory, and what has to become of each when its levels are imported.

    tests/spreadsheets/make.py DIR CATALOGUE.json

The files are made from bytes here and by no library, so that neither our writer nor our reader is trusted. `expected.json`
says for each file: how many answers it changes in an empty assessment, or the kind, row and column of its first problem.
"""

import io
import json
import sys
import zipfile
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

OUT, CATALOGUE = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
CODES = [indicator["code"] for indicator in CATALOGUE["indicators"]]
expected = {}


def put(name, content, **outcome):
    (OUT / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    expected[name] = outcome


def good(name, content, changes=len(CODES), **more):
    put(name, content, changes=changes, **more)


def bad(name, content, kind, row=None, column=None):
    put(name, content, kind=kind, row=row, column=column)


# --- text files


def csv(rows, separator=",", end="\n"):
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in separator + '"\n') else text

    return end.join(separator.join(cell(text) for text in row) for row in rows) + end


def answers(level="3", note=None):
    return [[code, level] + ([] if note is None else [note]) for code in CODES]


HEAD, NOTED = ["indicator", "level"], ["indicator", "level", "note"]

good("comma.csv", csv([HEAD] + answers()))
good("semicolon.csv", csv([HEAD] + answers(), ";", "\r\n"))
good("tab.csv", csv([["Indicator", "Level"]] + answers(), "\t"))
good("mark.csv", "\ufeff" + csv([HEAD] + answers(), ";"))
good("western.csv", csv([NOTED] + answers(note="für später – 5 €"), ";").encode("cp1252"), format="CSV, Windows-1252", note="für später – 5 €")
good("utf-16.csv", csv([NOTED] + answers(note="für später"), "\t").encode("utf-16"), format="CSV, UTF-16", note="für später")
good("decimal-comma.csv", csv([HEAD] + answers("3,0"), ";"))
good("spaces.csv", csv([[" Indicator ", " LEVEL "]] + [[f" {code} ", " 3 "] for code in CODES]))
good("other-order.csv", csv([["level", "indicator"]] + [[level, code] for code, level in reversed(answers())]))
good("line-breaks.csv", csv([NOTED] + answers(note='two "lines"\nof text')), note='two "lines" of text')
good("title-above.csv", csv([["Assessment 2026", ""], ["", ""], HEAD] + answers()))
good("padded.csv", csv([HEAD + ["", ""]] + [row + ["", ""] for row in answers()] + [["", "", "", ""]] * 50, ";"))
good("ten-megabytes-of-nothing.csv", csv([HEAD] + answers(), ";") + ";\r\n" * 3_500_000)
good("not-known.csv", csv([HEAD] + answers("Not known")))
good("guarded.csv", csv([NOTED] + answers(note="'=1+1")), note="=1+1")
good("some.csv", csv([HEAD] + answers()[:5] + [[code, ""] for code in CODES[5:]]), changes=5)
good("columns-for-people.csv", csv([["indicator", "name", "level", "note", "last time", "level 0", "level 4"]] + [[c, "x", "2", "", "1", "a", "b"] for c in CODES]))
bad("half-a-level.csv", csv([HEAD] + [[code, "3,5" if code == "2.1" else "3"] for code in CODES], ";"), "decimal-comma", CODES.index("2.1") + 2, "level")
bad("twice.csv", csv([HEAD] + answers() + [["2.1", "3"]]), "twice", len(CODES) + 2, "indicator")
bad("unknown-code.csv", csv([HEAD] + answers() + [["9.9", "3"]]), "indicator", len(CODES) + 2, "indicator")
bad("level-5.csv", csv([HEAD] + answers("5")), "level", 2, "level")
bad("in-words.csv", csv([HEAD] + answers("good")), "level", 2, "level")
bad("no-level.csv", csv([["indicator", "note"]] + answers()), "column", 1, "A")
bad("misspelt.csv", csv([["indicator", "levle"]] + answers()), "column", 1, "B")
bad("column-twice.csv", csv([["indicator", "level", "level"]] + [row + ["3"] for row in answers()]), "column", 1, "C")
bad("shifted.csv", csv([HEAD] + answers() + [["2.1", "", "3"]]), "cells", len(CODES) + 2, "C")
bad("nothing.csv", b"", "empty")
bad("blank.csv", "\n\n  \n", "empty")
bad("header-only.csv", csv([HEAD]), "empty")
bad("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(200), "encoding")
bad("zeros.csv", csv([HEAD] + answers()) + "\0" * 20, "encoding")
bad("long-note.csv", csv([NOTED] + answers(note="x" * 8001)), "value", 2, "note")

# --- workbooks

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


class N(float):
    """A number."""


class D(float):
    """A date, as the number of a day."""


class F(str):
    """A formula with its value after a bar; without a bar none was computed."""


class E(str):
    """The error of a formula."""


def letters(column):
    return chr(65 + column)


def cell(place, value, strings):
    if value is None:
        return f'<c r="{place}"/>'
    if isinstance(value, N):
        return f'<c r="{place}"><v>{float(value):g}</v></c>'
    if isinstance(value, D):
        return f'<c r="{place}" s="1"><v>{float(value):g}</v></c>'
    if isinstance(value, E):
        return f'<c r="{place}" t="e"><f>1/0</f><v>{value}</v></c>'
    if isinstance(value, F):
        formula, _, result = value.partition("|")
        return f'<c r="{place}"><f>{escape(formula)}</f>' + (f"<v>{result}</v>" if result else "") + "</c>"
    if strings is None:
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if value not in strings:
        strings.append(value)
    return f'<c r="{place}" t="s"><v>{strings.index(value)}</v></c>'


def archive(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as book:
        for name, text in files.items():
            book.writestr(name, text)
    return buffer.getvalue()


def xlsx(sheets, inline=False, merged=(), extra=None, sheet_tail="", shared=None, more_rows=""):
    strings = None if inline else []
    files, overrides, names, relations = {}, "", "", ""
    for at, (name, rows) in enumerate(sheets.items(), 1):
        lines = "".join(
            f'<row r="{r}">' + "".join(cell(f"{letters(c)}{r}", value, strings) for c, value in enumerate(row)) + "</row>"
            for r, row in enumerate(rows, 1)
        )
        areas = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
        areas = f'<mergeCells count="{len(merged)}">{areas}</mergeCells>' if merged else ""
        files[f"xl/worksheets/sheet{at}.xml"] = f'<?xml version="1.0"?><worksheet xmlns="{SHEET}"><sheetData>{lines}{more_rows}</sheetData>{areas}{sheet_tail}</worksheet>'
        overrides += f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        names += f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>'
        relations += f'<Relationship Id="rId{at}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
    relations += f'<Relationship Id="rId98" Type="{RELATIONS}/styles" Target="styles.xml"/><Relationship Id="rId99" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    files["[Content_Types].xml"] = f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{overrides}</Types>'
    files["_rels/.rels"] = f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    files["xl/workbook.xml"] = f'<?xml version="1.0"?><workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><sheets>{names}</sheets></workbook>'
    files["xl/_rels/workbook.xml.rels"] = f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>'
    files["xl/styles.xml"] = f'<?xml version="1.0"?><styleSheet xmlns="{SHEET}"><numFmts count="1"><numFmt numFmtId="164" formatCode="dd.mm.yyyy"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings or [])
    files["xl/sharedStrings.xml"] = shared or f'<?xml version="1.0"?><sst xmlns="{SHEET}" count="{len(strings or [])}" uniqueCount="{len(strings or [])}">{items}</sst>'
    files.update(extra or {})
    return archive(files)


def sheet(level=N(3), change=None):
    rows = [[code, level] for code in CODES]
    for code, row in (change or {}).items():
        rows[CODES.index(code)] = row
    return [HEAD] + rows


def row_of(code):
    return CODES.index(code) + 2


number_codes = [[N(code), N(3)] if code.count(".") == 1 else [code, N(3)] for code in CODES]
by_dimension = {f"Dimension {d['code']}": [HEAD] + [[i["code"], N(3)] for i in CATALOGUE["indicators"] if i["dimension"] == d["code"]] for d in CATALOGUE["dimensions"]}

good("plain.xlsx", xlsx({"Scores": sheet()}))
good("inline.xlsx", xlsx({"Scores": sheet()}, inline=True))
good("levels-as-text.xlsx", xlsx({"Scores": sheet("3")}))
good("other-order.xlsx", xlsx({"Scores": [HEAD] + list(reversed(sheet()[1:]))}))
good("sheets.xlsx", xlsx({"About": [["How to fill this in"], ["one sheet a dimension"]], **by_dimension}))
good("codes-as-numbers.xlsx", xlsx({"Scores": [HEAD] + number_codes}))
good("formulas.xlsx", xlsx({"Scores": sheet(F("1+2|3"))}))
good("title-merged.xlsx", xlsx({"Scores": [["Assessment 2026"], []] + sheet()}, merged=["A1:B1"]))
good("empty-rows.xlsx", xlsx({"Scores": sheet()}, more_rows="".join(f'<row r="{r}" spans="1:2"><c r="A{r}" s="1"/><c r="B{r}" s="1"/></row>' for r in range(100, 180_000))))
good("rich-text.xlsx", xlsx({"Scores": sheet()}, shared=f'<?xml version="1.0"?><sst xmlns="{SHEET}"><si><r><t>indi</t></r><r><rPr><b/></rPr><t>cator</t></r><rPh sb="0" eb="1"><t>no</t></rPh></si><si><t>level</t></si>' + "".join(f"<si><t>{code}</t></si>" for code in CODES) + "</sst>"))
good("odd-paths.xlsx", xlsx({"Scores": sheet()}, extra={"../../etc/passwd": "root", "xl/media/" + "x" * 200: b"\0" * 1000}))
bad("merged-levels.xlsx", xlsx({"Scores": sheet(change={"2.2.1": ["2.2.1", None]})}, merged=[f"B{row_of('2.1')}:B{row_of('2.2.1')}"]), "value", row_of("2.2.1"), "level")
bad("code-became-a-date.xlsx", xlsx({"Scores": sheet(change={"1.2": [D(46054), N(3)]})}), "value", row_of("1.2"), "indicator")
bad("level-is-a-date.xlsx", xlsx({"Scores": sheet(change={"3.1": ["3.1", D(46054)]})}), "value", row_of("3.1"), "level")
bad("formula-without-result.xlsx", xlsx({"Scores": sheet(change={"3.1": ["3.1", F("1+2")]})}), "value", row_of("3.1"), "level")
bad("error-of-a-formula.xlsx", xlsx({"Scores": sheet(change={"3.1": ["3.1", E("#DIV/0!")]})}), "value", row_of("3.1"), "level")
bad("half-a-level.xlsx", xlsx({"Scores": sheet(change={"3.1": ["3.1", N(2.5)]})}), "decimal-comma", row_of("3.1"), "level")
bad("twice-in-sheets.xlsx", xlsx({**by_dimension, "More": [HEAD, ["2.1", N(3)]]}), "twice", 2, "indicator")
bad("other-catalogue.xlsx", xlsx({"About": [["catalogue", "ab" * 32]], "Scores": sheet()}), "catalogue")
bad("no-such-columns.xlsx", xlsx({"Scores": [["code of it", "result"]] + sheet()[1:]}), "column", 1, "A")
bad("empty.xlsx", xlsx({"Scores": []}), "empty")
bad("cut.xlsx", xlsx({"Scores": sheet()})[:1500], "malformed")
bad("no-workbook.xlsx", archive({"mimetype": "application/epub+zip", "text.txt": "x"}), "malformed")
bad("broken-xml.xlsx", xlsx({"Scores": sheet()}, extra={"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row></sheetData>"}), "malformed")
bad("laughs.xlsx", xlsx({"Scores": sheet()}, shared='<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst><si><t>&b;&b;&b;</t></si></sst>'), "malformed")
bad("old.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000), "malformed")
bad("announces-four-billion.xlsx", xlsx({"Scores": sheet()}, shared=f'<?xml version="1.0"?><sst xmlns="{SHEET}" uniqueCount="4000000000"><si><t>indicator</t></si></sst>'), "too-large")
bad("formula-number-four-billion.xlsx", xlsx({"Scores": sheet()}, more_rows='<row r="99"><c r="A99"><f t="shared" ref="A99:A100" si="4000000000">1</f><v>1</v></c></row>'), "too-large")
bad("bomb.xlsx", xlsx({"Scores": sheet()}, extra={"xl/worksheets/sheet2.xml": b" " * 300_000_000}), "too-large")


def lies_about_length(content, name):
    """The same archive, whose directory says that one entry is empty when it unfolds to much."""
    directory = content.index(b"PK\x01\x02")
    at = content.index(name.encode(), directory) - 46
    return content[: at + 24] + bytes(4) + content[at + 28 :]


bad("bomb-that-lies.xlsx", lies_about_length(xlsx({"Scores": sheet()}, extra={"xl/zz.xml": b" " * 200_000_000}), "xl/zz.xml"), "malformed|too-large")

# --- OpenDocument

OFFICE = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'


def ods_cell(value, attributes=""):
    if value is None:
        return f"<table:table-cell {attributes}/>"
    if isinstance(value, N):
        return f'<table:table-cell {attributes} office:value-type="float" office:value="{float(value):g}"><text:p>{float(value):g}</text:p></table:table-cell>'
    return f'<table:table-cell {attributes} office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'


def ods(rows, tail=""):
    lines = "".join("<table:table-row>" + (row if isinstance(row, str) else "".join(map(ods_cell, row))) + "</table:table-row>" for row in rows)
    text = f'<?xml version="1.0"?><office:document-content {OFFICE}><office:body><office:spreadsheet><table:table table:name="Scores">{lines}{tail}</table:table></office:spreadsheet></office:body></office:document-content>'
    return archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": text, "META-INF/manifest.xml": "<manifest/>"})


def with_merge(rows):
    at = CODES.index("2.1") + 1
    rows = list(rows)
    rows[at] = ods_cell("2.1") + ods_cell(N(3), 'table:number-rows-spanned="2" table:number-columns-spanned="1"')
    rows[at + 1] = ods_cell(CODES[at]) + "<table:covered-table-cell/>"
    return rows


good("plain.ods", ods(sheet()))
good("padded.ods", ods(sheet(), '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'))
bad("merged-levels.ods", ods(with_merge(sheet())), "value", CODES.index("2.1") + 3, "level")
bad("wide.ods", ods(sheet(), '<table:table-row table:number-rows-repeated="1000000">' + ods_cell("x", 'table:number-columns-repeated="16384"') + "</table:table-row>"), "too-large")
bad("far.ods", ods(sheet(), '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16000"/></table:table-row><table:table-row><table:table-cell table:number-columns-repeated="16000"/>' + ods_cell("x") + "</table:table-row>"), "too-large")
bad("half-a-level.ods", ods(sheet(change={"3.1": ["3.1", N(2.5)]})), "decimal-comma", row_of("3.1"), "level")

bad("merged-whole-sheet.xlsx", xlsx({"Scores": sheet()}, merged=["A1:XFD1048576"] * 2000, more_rows='<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), "value|too-large")
bad("repeated-under-two-names.ods", ods(sheet(), '<table:table-row xmlns:x="urn:x" x:number-rows-repeated="1" table:number-rows-repeated="6000">' + ods_cell("x", 'xmlns:x="urn:x" x:number-columns-repeated="1" table:number-columns-repeated="16384"') + "</table:table-row>"), "too-large")
bad("table-in-a-table.ods", ods(sheet(), '<table:table-row table:number-rows-repeated="6000"><table:table-cell office:value-type="string" table:number-columns-repeated="16384"><text:p>x</text:p><table:table/></table:table-cell></table:table-row>'), "too-large")
bad("scattered.xlsx", xlsx({"Scores": [HEAD]}, more_rows="".join(f'<row r="{r}"><c r="BL{r}"><v>1</v></c></row>' for r in range(2, 120_000))), "too-large")

(OUT / "expected.json").write_text(json.dumps(expected, indent=1))
