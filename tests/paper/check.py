"""Makes every carrier of every label file in a directory, twice, and reads them with programs of others.

check.py PROGRAM DIR: each `NAME.label.json` in DIR has a `NAME.trust.json` beside it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3Verifier

PROGRAM, DIR = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
DAY = "2026-12-01"
HOST = "https://labels.clusters.example"
problems = []


def run(*command, cwd=DIR):
    """What a program prints, and its exit code."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, timeout=120)
    return done.stdout, done.returncode, done.stderr.decode(errors="replace").strip()


def parangon(*arguments):
    return run(PROGRAM, *arguments)


def hold(fact, name, what):
    if not fact:
        problems.append(f"{name}: {what}")
        print(f"  FAILED: {what}")


def stands(part, text):
    """Whether a text has all words of a part, in their order: where lines end is the layout's matter. What is written from right to left,
    pdftotext turns around."""
    bare = "".join(text.split())
    at = 0
    for word in part.split():
        found = [place for place in (bare.find(word, at), bare.find(word[::-1], at)) if place >= 0]
        if not found:
            return False
        if word.isascii():
            at = min(found)
    return True


def make(name, kind, *options):
    """A carrier from the label's file, made twice: the same bytes."""
    made = [parangon("label", kind, f"{name}.label.json", "-o", "-", *options) for _ in range(2)]
    for _, code, error in made:
        hold(code == 0, name, f"label {kind} {options} ends with {code}: {error}")
    hold(made[0][0] == made[1][0], name, f"label {kind} {options} differs from itself")
    return made[0][0]


def verdict(name, file, trust):
    out, code, _ = parangon("verify", file, "--trust", trust, "--at", DAY, "--json")
    return json.loads(out or b"{}"), code


def certificate(name, bundle, said):
    """The PDF: sound, its text, the file inside, and the code as a scanner sees it."""
    file = DIR / f"{name}.pdf"
    file.write_bytes(make(name, "certificate", "--public-url", HOST))
    _, code, error = run("qpdf", "--check", file)
    hold(code == 0, name, f"qpdf --check: {error}")
    text = run("pdftotext", file, "-")[0].decode()
    for part in said:
        hold(stands(part, text), name, f"the PDF's text lacks {part!r}")
    raw = file.read_bytes()
    for mark in (b"<pdfaid:part>3</pdfaid:part>", b"<pdfaid:conformance>A</pdfaid:conformance>", b"<pdfuaid:part>1</pdfuaid:part>"):
        hold(mark in raw, name, f"the PDF's metadata lack {mark.decode()}")
    info = run("pdfinfo", file)[0].decode()
    hold("Tagged:          yes" in info and "(A4)" in info, name, "the PDF is not tagged or not A4")
    with tempfile.TemporaryDirectory() as place:
        run("pdfdetach", "-saveall", file, "-o", place)
        found = [item.read_bytes() for item in Path(place).iterdir()]
    hold(found == [bundle], name, f"pdfdetach finds {len(found)} files that are not the label's file")
    run("pdftoppm", "-r", "300", "-png", "-singlefile", file, DIR / f"{name}.page")
    seen = run("zbarimg", "--quiet", "--raw", DIR / f"{name}.page.png")[0].decode().strip()
    (DIR / f"{name}.page.png").unlink(missing_ok=True)
    hold(seen.startswith(f"{HOST}/verify#") and seen.rsplit("#")[-1].isdigit(), name, f"the code says {seen[:80]!r}")
    return file, seen


def credential(name, kind, token, bundle):
    """What openbadgeslib extracts is the label's credential, and its proof holds there too."""
    found = json.loads(token)
    hold(found == json.loads(bundle)["credential"], name, f"the credential in the {kind} is another one")
    try:
        OB3LdpVerifier.for_issuer_did(found["issuer"]["id"]).verify(found)
    except Exception as error:  # whatever it refuses for is a finding
        hold(False, name, f"openbadgeslib refuses the credential in the {kind}: {error}")


def label(name):
    """All carriers of one label."""
    print(name)
    bundle, trust = (DIR / f"{name}.label.json").read_bytes(), DIR / f"{name}.trust.json"
    document = json.loads(bundle)
    body, charter = document["label"]["record"]["body"], document["founding"]["charter"]
    common = body["common"]
    # Private use means nothing to others, and PDF/A has no place for it.
    cluster = common["cluster"]["name"].replace("\ue000", "\ufffd")
    members = {member["id"]: member["name"] for member in charter["members"]}
    endorsers = [part["endorser"] for part in body["endorsements"]]
    whole, code = verdict(name, f"{name}.label.json", trust)
    hold(code == 0, name, f"the label file is not valid: {whole.get('sentence')}")
    said = [cluster, charter["name"], members[common["owner"]], common["level"], *[members[one] for one in endorsers]]
    file, seen = certificate(name, bundle, said + (["DEMONSTRATION"] if charter["demonstration"] else []))
    files = [file]
    for kind, ending, options in (("certificate", "svg", ("--format", "svg")), ("badge", "svg", ()), ("badge", "png", ("--format", "png"))):
        files.append(DIR / f"{name}.{kind}.{ending}")
        files[-1].write_bytes(make(name, kind, *options))
        extract = OB3Verifier.extract_token_from_png if ending == "png" else OB3Verifier.extract_token_from_svg
        credential(name, f"{kind}.{ending}", extract(files[-1].read_bytes()), bundle)
        if ending == "svg":
            drawn = files[-1].read_text()
            hold(("DEMONSTRATION" in drawn) == charter["demonstration"], name, f"{kind}.{ending}: of a demonstration or not")
            hold(not any(mark in drawn for mark in ("<script", "href=", "url(", "<style")), name, f"{kind}.{ending} refers to something")
    for file in files:
        read, code = verdict(name, file, trust)
        hold((code, read.get("sentence"), read.get("label")) == (0, whole["sentence"], whole["label"]), name, f"verify {file.name}: {read}")
    (DIR / f"{name}.code.txt").write_text(seen)
    read, code = verdict(name, f"{name}.code.txt", trust)
    hold((code, (read.get("cause") or {}).get("code")) == (15, "code-alone"), name, f"verify of the code: {code}, {read}")
    hold(read.get("label", {}).get("cluster", {}).get("name") == common["cluster"]["name"], name, "the code names another cluster")
    for language in ("en", "de", "es", "fr"):
        text = make(name, "press", "--language", language).decode()
        hold(common["cluster"]["name"] in text and ("DEMONSTRATION" in text) == charter["demonstration"], name, f"press text {language}")
        calendar = make(name, "reminder", "--language", language)
        unfolded = calendar.replace(b"\r\n ", b"").decode()
        hold("BEGIN:VEVENT\r\n" in unfolded and "DTSTART;VALUE=DATE:2028" in unfolded, name, f"reminder {language}")
        hold(all(len(line) <= 75 for line in calendar.split(b"\r\n")), name, f"reminder {language}: a long line")


names = sorted(path.name.removesuffix(".label.json") for path in DIR.glob("*.label.json"))
for one in names:
    label(one)
altered = DIR / "altered.json"
altered.write_bytes((DIR / f"{names[0]}.label.json").read_bytes().replace(b"Cluster Agency", b"Cluster Agenzy", 1))
hold(parangon("label", "certificate", altered, "-o", "-")[1] == 7, "altered", "a certificate of an altered file was made")
print(f"{len(names)} labels, {len(problems)} problems")
sys.exit(1 if problems or len(names) < 10 else 0)
