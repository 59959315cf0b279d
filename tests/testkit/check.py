"""Finds the facets of every file of the test kit (README.md), from docs/protocol.md and docs/label-files.md alone. Needs PyNaCl."""

import base64
import calendar
import hashlib
import json
import pathlib
import re
import zlib

import nacl.exceptions
import nacl.signing

from carriers import need, unpack

DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CONTEXTS = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]
OB = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
WORDS = {
    "https://schema.org/": "name description", "https://purl.imsglobal.org/spec/vccs/v1p0/context.json#": "1EdTechJsonSchemaValidator2019",
    "https://www.w3.org/2018/credentials#":
        "issuer credentialSubject evidence credentialStatus credentialSchema validFrom validUntil VerifiableCredential",
    OB: "achievement achievementType version endorsementComment OpenBadgeCredential EndorsementCredential Profile AchievementSubject "
        "EndorsementSubject Achievement Evidence",
    "https://www.w3.org/ns/credentials/status#": "statusPurpose statusListIndex statusListCredential BitstringStatusListEntry"}
IRI = {word: space + word for space, words in WORDS.items() for word in words.split()} | {"criteria": OB + "Criteria"}
TIME, RDF = "http://www.w3.org/2001/XMLSchema#dateTime", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
OPTIONS = f"""_:c14n0 <http://purl.org/dc/terms/created> "%s"^^<{TIME}> .
_:c14n0 <{RDF}> <https://w3id.org/security#DataIntegrityProof> .
_:c14n0 <https://w3id.org/security#cryptosuite> "eddsa-rdfc-2022"^^<https://w3id.org/security#cryptosuiteString> .
_:c14n0 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#assertionMethod> .
_:c14n0 <https://w3id.org/security#verificationMethod> <%s> .
"""
PROOF = re.compile("c2sp.org/tlog-proof@v1\n(?:extra [^\n]*\n)?index (0|[1-9][0-9]*)\n((?:[^\n]{44}\n)*)\n"
                   "(([^ +\n]+)\n([1-9][0-9]*)\n([^\n]{44})\n)\n((?:\u2014 [^ +\n]+ [^ \n]+\n)+)")
WRONG = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError, zlib.error, nacl.exceptions.CryptoError)

# Hashes and encodings.
def sha(*parts):
    return hashlib.sha256(b"".join(part.encode() if isinstance(part, str) else part for part in parts)).digest()

def ident(value, tag=b""):
    return sha(tag, json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)).hex()

def base58(data):
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, out = number // 58, DIGITS[number % 58] + out
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + out

def unbase58(text, size=64):
    data = sum(DIGITS.index(char) * 58**at for at, char in enumerate(text[:0:-1])).to_bytes(size, "big")
    need(base58(data) == text)
    return data

def unbase64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text)
    return data

def render(federation, charter, common, part, key):
    """The credential of a label (`part` is the record's body) or of an endorsement (`part` is it), with its proof."""
    urn, cluster, catalogue, label = f"urn:parangon:{federation}:", common["cluster"], common["catalogue"], ident(common)
    names, schemes = ({entry["id"]: entry["name"] for entry in charter[which]} for which in ("members", "schemes"))
    award, mark, caveat = f"{schemes.get(common['scheme'], common['scheme'])} {common['level']}", "", ""
    if charter["demonstration"]:
        mark, caveat = "DEMONSTRATION: ", " This is a demonstration: the scores are made up and nothing was awarded."
    who, start = part.get("endorser", common["owner"]), part.get("created") or part["issued"]
    did, last = "did:key:" + base58(bytes.fromhex("ed01" + key)), calendar.monthrange(*map(int, common["valid_until"].split("-")))[1]
    endorsement = lambda it: f"{urn}endorsement:" + ident({k: v for k, v in it.items() if k != "proof"} | {"label": label})
    if "endorser" in part:
        kind, text = "endorsement", f"We reviewed the dossier assessed in {common['assessed']} and endorse the label. No expert of ours " \
            f"coached, funds or works for the cluster.{caveat}"
        made = {"id": endorsement(part), "type": ["VerifiableCredential", "EndorsementCredential"],
                "credentialSubject": {"id": f"{urn}label:{label}", "type": ["EndorsementSubject"], "endorsementComment": text},
                "name": f"{mark}Endorsement of {award}: {cluster['name']}"}
    else:
        kind, status = "achievement", f"{urn}status:{common['owner']}"
        evidence = [(endorsement(it), "Endorsement by " + names.get(it["endorser"], it["endorser"])) for it in part["endorsements"]]
        basis = ident({k: part[k] for k in ("adoption", "heads", "keyset", "supersedes") if k in part})
        evidence.append((f"{urn}basis:{basis}", "Place in the log"))
        level = {"id": f"{urn}level:{common['scheme']}:{common['level']}", "type": ["Achievement"], "name": mark + award,
                 "achievementType": "QualityAssuranceCredential", "version": catalogue["id"],
                 "criteria": {"id": f"{urn}criteria:{catalogue['id']}:{catalogue['hash']}"},
                 "description": f"{award}, by the catalogue {catalogue['id']}.{caveat}"}
        text = "The signature shows who signed; only the proof from the issuer's log shows that the label counts."
        made = {"id": f"{urn}label:{label}", "type": ["VerifiableCredential", "OpenBadgeCredential"],
                "name": f"{mark}{award}: {cluster['name']}", "description": f"Assessed in {common['assessed']}. {text}{caveat}",
                "credentialStatus": {"id": f"{status}#{part['status_index']}", "statusListIndex": str(part["status_index"]),
                                     "statusListCredential": status, "statusPurpose": "revocation", "type": "BitstringStatusListEntry"},
                "credentialSubject": {"id": f"{urn}cluster:{cluster['id']}", "type": ["AchievementSubject"], "achievement": level,
                                      "name": cluster["name"]},
                "evidence": [{"id": i, "type": ["Evidence"], "name": n} for i, n in evidence]}
    schema = {"id": f"https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_{kind}credential_schema.json"}
    return made | {
        "@context": CONTEXTS, "credentialSchema": [schema | {"type": "1EdTechJsonSchemaValidator2019"}], "validFrom": start,
        "issuer": {"id": did, "type": ["Profile"], "name": names.get(who, who)}, "validUntil": f"{common['valid_until']}-{last}T23:59:59Z",
        "proof": {"created": start, "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod", "proofValue": part["proof"],
                  "type": "DataIntegrityProof", "verificationMethod": f"{did}#{did[8:]}"}}

def statements(node):
    for kind in [node["type"]] if isinstance(node.get("type"), str) else node.get("type", []):
        yield f"<{node['id']}> <{RDF}> <{IRI[kind]}> .\n"
    for term in node.keys() - {"id", "type", "@context", "proof"}:
        for part in node[term] if isinstance(node[term], list) else [node[term]]:
            if isinstance(part, dict):
                yield from statements(part)
            text = f"<{part['id']}>" if isinstance(part, dict) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text = f"<{part}>" if term == "statusListCredential" else f"{text}^^<{TIME}>" if term.startswith("valid") else text
            yield f"<{node['id']}> <{IRI[term]}> {text} .\n"

def verify(key, message, signature):
    nacl.signing.VerifyKey(bytes.fromhex(key)).verify(message, signature)

def verify_credential(credential, key):
    proof, lines = credential["proof"], sorted(set(statements(credential)), key=str.encode)
    verify(key, sha(OPTIONS % (proof["created"], proof["verificationMethod"])) + sha("".join(lines)), unbase58(proof["proofValue"]))

# What is needed, a step, what has to hold: for a credential alone its own signature.
def alone(credential):
    proof, did = credential["proof"], credential["issuer"]["id"]
    need("OpenBadgeCredential" in credential["type"])
    yield "fails"
    options = {"cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod", "verificationMethod": f"{did}#{did[8:]}"}
    options |= {"type": "DataIntegrityProof", "created": credential["validFrom"], "proofValue": proof["proofValue"]}
    need(credential["@context"] == CONTEXTS and proof == options)
    verify_credential(credential, unbase58(did[8:], 34)[2:].hex())

def proof(file):
    charter, record, held = file["founding"]["charter"], file["label"]["record"], file["credential"]
    federation, label, common = ident(charter), record["body"], record["body"]["common"]
    for revision in file.get("revisions", [])[:common["charter"] - 1]:
        new, gone = revision.get("members", []), revision.get("gone", [])
        kept = [member for member in charter["members"] if member["id"] not in [*gone, *(other["id"] for other in new)]]
        more = {"version": charter["version"] + 1, "previous": ident(charter), "members": sorted(kept + new, key=lambda it: it["id"])}
        charter = {k: v for k, v in (charter | revision["set"]).items() if k not in revision.get("unset", [])} | more
    need(record["type"] == "label" and charter["version"] == common["charter"])
    issue = {(placed["keyset"]["body"]["agency"], placed["index"]): placed["keyset"]["body"]["issue"] for placed in file["keysets"]}
    keys = [issue[part.get("endorser", common["owner"]), part["keyset"]] for part in [label, *label["endorsements"]]]
    made = [render(federation, charter, common, part, key) for part, key in zip([label, *label["endorsements"]], keys)]
    yield "fails"
    need(made[0] == held)
    for credential, key in zip(made, keys):
        verify_credential(credential, key)

def inclusion(file):
    federation, status = ident(file["founding"]["charter"]), file.get("status", {})
    owner = file["label"]["record"]["body"]["common"]["owner"]
    shown = [(file["label"], owner), (file["adoption"], owner), *((part["entry"], part["agency"]) for part in file["confirmations"])]
    shown += [(status[part], owner) for part in ("entry", "adoption") if part in status]
    sets = {agency: [part for part in file["keysets"] if part["keyset"]["body"]["agency"] == agency] for _, agency in shown}
    need(all(sets.values()))
    yield "fails"
    for part, agency in shown:
        index, hashes, text, origin, size, root, lines = PROOF.fullmatch("\n".join(part["proof"])).groups()
        epoch = re.fullmatch(f"parangon/{federation}/{agency}(?:/([1-9][0-9]*))?", origin)
        need(epoch[1] != "1")
        begun = [placed for placed in sets[agency] if placed.get("epoch", 1 << 53) <= int(epoch[1] or 1)]
        key = (begun[-1] if begun else sets[agency][0])["keyset"]["body"]["log"]
        lines = [(name, unbase64(data)) for name, data in (line.split(" ")[1:] for line in lines.splitlines())]
        own = [data[4:] for name, data in lines if name == origin and data[:4] == sha(origin, b"\n\1", bytes.fromhex(key))[:4]]
        need(own)
        for signature in own:
            verify(key, text.encode(), signature)
        at, last, node = int(index), int(size) - 1, bytes.fromhex(ident(part["record"], b"\0"))
        need(at <= last)
        for sibling in map(unbase64, hashes.splitlines()):
            need(last and len(sibling) == 32)
            left = at % 2 or at == last
            node = sha(b"\1", sibling, node) if left else sha(b"\1", node, sibling)
            while left and at and not at % 2:
                at, last = at >> 1, last >> 1
            at, last = at >> 1, last >> 1
        need(not last and node == unbase64(root))

def facets(data):
    found = ["none", "none"]
    for at, of in enumerate((proof, inclusion)):
        try:
            file = unpack(data)
            need("@context" in file or (file["type"] == "parangon-label" and file["v"] == 1 and file["v"] is not True))
            for found[at] in (alone if "@context" in file and at == 0 else of)(file):
                pass
            found[at] = "holds"
        except WRONG:
            continue
    return found

if __name__ == "__main__":
    sides, wrong = sorted(pathlib.Path(__file__).parent.rglob("*.expect.json")), 0
    for side in sides:
        expect = json.loads(side.read_text())
        data = side.with_name(side.name.removesuffix(".expect.json")).read_bytes()
        found = facets(data[:-1].ljust(expect.get("pad", 1) - 1) + data[-1:])
        if found != [expect["proof"], expect["inclusion"]]:
            wrong += 1
            print(f"{side}: {found}, expected {[expect['proof'], expect['inclusion']]}: {expect['about']}")
    raise SystemExit(f"{len(sides)} files, {wrong} disagree" if wrong else print(f"{len(sides)} files, all as expected"))
