"""Label files in what carries them: pictures, documents, a printed code, a credential alone; and such that are broken."""

import hashlib
import json
import os
import random
import struct
import zlib

from .rust import Case

PNG = b"\x89PNG\r\n\x1a\n"
LEVELS = ["BRONZE", "SILVER", "GOLD"]
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def canonical(value) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(value) -> bytes:
    return hashlib.sha256(canonical(value)).digest()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*texts: tuple[bytes, bytes], packed: bool = False, end: bool = True) -> bytes:
    """A picture of one pixel with these keywords and texts."""
    out = PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\0"))
    for keyword, text in texts:
        body = zlib.compress(text) if packed else text
        out += chunk(b"iTXt", keyword + b"\0" + bytes([packed, 0]) + b"en\0\0" + body)
    return out + (chunk(b"IEND", b"") if end else b"")


def svg(element: bytes, text: bytes, how: str = "cdata") -> bytes:
    if how == "cdata":
        inside = b"<![CDATA[" + text.replace(b"]]>", b"]]\\u003e") + b"]]>"
    else:
        inside = text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b'"', b"&quot;" if how == "named" else b"&#x22;")
    prefix = element.split(b":")[0]
    opening = b"<" + element + b" xmlns:" + prefix + b'="urn:x">'
    return b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">' + opening + inside + b"</" + element + b"></svg>"


def pdf(*texts: bytes, filtered: str = "", line: bytes = b"\n") -> bytes:
    out = b"%PDF-1.7\n"
    for number, text in enumerate(texts, 1):
        body = zlib.compress(text) if "FlateDecode" in filtered else text
        entry = f" /Filter {filtered}".encode() if filtered else b""
        head = f"{number} 0 obj\n<< /Type /EmbeddedFile /Length {len(body)}".encode() + entry
        out += head + b" >>\nstream" + line + body + line + b"endstream\nendobj\n"
    return out + b"trailer << >>\n%%EOF\n"


def from_base58(text: str, size: int) -> bytes:
    number = 0
    for character in text:
        number = number * 58 + BASE58.index(character)
    return number.to_bytes(size, "big")


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def months(text: str) -> bytes:
    return struct.pack(">H", (int(text[:4]) - 2000) * 12 + int(text[5:]) - 1)


def seconds(text: str) -> bytes:
    from datetime import datetime, timezone

    then = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return struct.pack(">I", int(then.timestamp()) - 1577836800)


def code_bytes(bundle: dict, signatures: int) -> bytes | None:
    """The bytes of a printed code. None where the label's charter is not the founding one, which is all that is read here."""
    label = bundle["label"]["record"]["body"]
    common, charter = label["common"], bundle["founding"]["charter"]
    if common["charter"] != 1:
        return None
    place = {member["id"]: at for at, member in enumerate(charter["members"])}
    label_id = sha256(common)
    own = [{**{k: v for k, v in e.items() if k != "proof"}, "label": label_id.hex()} for e in label["endorsements"]]
    basis = {key: label[key] for key in ["adoption", "heads", "keyset", "supersedes"] if key in label}
    name = common["cluster"]["name"].encode()
    endorsements = label["endorsements"]
    signed = endorsements[:signatures]
    return b"".join(
        [
            b"\1",
            hashlib.sha256(canonical(charter)).digest()[:11],
            varint(common["charter"]),
            bytes([[scheme["id"] for scheme in charter["schemes"]].index(common["scheme"])]),
            bytes([LEVELS.index(common["level"])]),
            bytes([charter["catalogues"].index(common["catalogue"])]),
            varint(place[common["owner"]]),
            bytes.fromhex(common["cluster"]["id"].split("/")[1]),
            months(common["assessed"]),
            months(common["valid_until"]),
            seconds(label["issued"]),
            struct.pack(">I", label["status_index"])[1:],
            label_id,
            sha256(basis),
            bytes([len(endorsements) << 4 | len(signed)]),
            *(varint(place[e["endorser"]]) + sha256(one) for e, one in zip(endorsements, own)),
            varint(len(name)) + name,
            from_base58(label["proof"][1:], 64),
            *(seconds(e["created"]) + from_base58(e["proof"][1:], 64) for e in signed),
        ]
    )


def digits(data: bytes) -> str:
    out = ""
    for at in range(0, len(data), 7):
        group = data[at : at + 7]
        out += str(int.from_bytes(group, "big")).zfill([0, 3, 5, 8, 10, 13, 15, 17][len(group)])
    return out


def with_keys(case: Case, folder: str) -> str:
    """The case's trust file with the key sets that its file brings: what codes and credentials are checked with."""
    with open(case.trust, encoding="utf-8") as file:
        trust = json.load(file)
    trust["keysets"] = json.loads(case.data)["keysets"]
    path = os.path.join(folder, f"keys-{os.path.basename(case.trust)}")
    with open(path, "wb") as file:
        file.write(canonical(trust))
    return path


def carried(case: Case, other: Case, folder: str, rng: random.Random) -> list[Case]:
    """A good file in every carrier, whole and damaged; `other` is another label of the same federation."""
    bundle = json.loads(case.data)
    text, credential, second = case.data, canonical(bundle["credential"]), other.data
    foreign = canonical(json.loads(second)["credential"])
    ours, theirs = b"parangon-label", b"openbadgecredential"
    files = {
        "bom": b"\xef\xbb\xbf \n" + text + b"\n ",
        "png": png((ours, text), (theirs, credential)),
        "png-packed": png((ours, text), packed=True),
        "png-credential": png((theirs, credential)),
        "png-twice": png((ours, text), (ours, text)),
        "png-several": png((ours, text), (ours, second)),
        "png-beside": png((ours, text), (theirs, foreign)),
        "png-credentials": png((theirs, credential), (theirs, foreign)),
        "png-without-end": png((ours, text), end=False),
        "png-other": png((b"Comment", text)),
        "png-wrong-sum": png((ours, text)).replace(b"GOLD", b"GOLE").replace(b"BRONZE", b"BRONZA"),
        "png-cut": png((ours, text))[: 200 + rng.randrange(200)],
        "png-bomb": png((ours, b"{" + b" " * (5 << 20) + b"}"), packed=True),
        "png-room": png((ours, text[:-1] + b" " * (1 << 20) + b"}"), packed=True),
        "svg": svg(b"parangon:label", text),
        "svg-named": svg(b"parangon:label", text, "named"),
        "svg-numeric": svg(b"parangon:label", text, "numeric"),
        "svg-credential": svg(b"openbadges:credential", credential),
        "svg-longer-name": svg(b"parangon:labels", text),
        "svg-open": svg(b"parangon:label", text).replace(b"</parangon:label>", b""),
        "svg-both": svg(b"parangon:label", text) + svg(b"openbadges:credential", credential),
        "svg-beside": svg(b"parangon:label", text) + svg(b"openbadges:credential", foreign),
        "pdf": pdf(text),
        "pdf-flate": pdf(text, filtered="/FlateDecode"),
        "pdf-list": pdf(text, filtered="[ /FlateDecode ]", line=b"\r\n"),
        "pdf-two-filters": pdf(text, filtered="[/ASCIIHexDecode /FlateDecode]"),
        "pdf-parameters": pdf(text, filtered="/FlateDecode /DecodeParms << >>"),
        "pdf-others-first": pdf(b'{"x":1}', b"<xml/>", text, credential),
        "pdf-credential": pdf(credential, filtered="/FlateDecode"),
        "pdf-several": pdf(text, second),
        "pdf-none": pdf(b'{"x":1}'),
        "pdf-cut": pdf(text)[:-400],
        "pdf-corrupt": pdf(text, filtered="/FlateDecode").replace(b"endstream", b"x\nendstream"),
        "credential": credential,
        "credential-spaced": json.dumps(bundle["credential"], indent=1).encode(),
        "credential-altered": credential.replace(b"Assessed in", b"Assessed  in"),
        "credential-level": credential.replace(b"GOLD", b"SILVER"),
        "credential-extra": credential[:-1] + b',"z":1}',
        "credential-endorsement": credential.replace(b"OpenBadgeCredential", b"EndorsementCredential"),
        "credential-issuer": credential.replace(bundle["credential"]["issuer"]["id"].encode(), b"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"),
        "proof": "\n".join(bundle["label"]["proof"]).encode(),
        "nothing": b"",
        "spaces": b" \n\t ",
        "text": b"Gold label of a cluster",
        "null": b"null",
        "list": b"[" + text + b"]",
        "png-list": png((ours, in_order(bundle))),
        "png-credential-as-file": png((ours, credential)),
        "null-status": canonical(bundle | {"status": None}),
        "null-revisions": canonical(bundle | {"revisions": None}),
        "bare": canonical(bare(bundle)),
        "bare-credential": canonical(bare(bundle) | {"type": "x", "@context": []}),
        "bare-version": canonical(bare(bundle) | {"v": 2}),
        "other": json.dumps({"@context": []}).encode(),
    }
    for count in range(3):
        made = code_bytes(bundle, count)
        if made:
            files |= codes(count, made, rng)
    made = [Case(f"{name} of {case.name}", data, trust, case.at) for name, data in files.items() for trust in (case.trust, None)]
    alone = {name: data for name, data in files.items() if name.startswith(("code", "credential"))}
    keys = with_keys(case, folder)
    dates = (case.at, "2020-06-01T00:00:00Z", "2060-01-01T00:00:00Z")
    return made + [Case(f"{name} of {case.name}, with keys", data, keys, at) for name, data in alone.items() for at in dates]


def in_order(bundle: dict) -> bytes:
    """The members of a label file as a list, in their order: some readers take that for the same."""
    names = ["type", "v", "founding", "revisions", "keysets", "label", "adoption", "confirmations", "status", "credential"]
    return canonical([bundle.get(name, []) for name in names])


def bare(bundle: dict) -> dict:
    """A label file without anything in it: no origin of a log tells that it ever was one."""
    empty = {"proof": [], "record": {}}
    return {"type": bundle["type"], "v": 1, "founding": {}, "keysets": [], "label": empty, "adoption": empty, "confirmations": [], "credential": {}}


def codes(count: int, made: bytes, rng: random.Random) -> dict[str, bytes]:
    """A code as address and as digits, and damaged ones."""
    plain = digits(made)
    at = rng.randrange(len(plain))
    altered = plain[:at] + str((int(plain[at]) + 1 + rng.randrange(8)) % 10) + plain[at + 1 :]
    flipped = bytearray(made)
    flipped[rng.randrange(12, len(made))] ^= 1 << rng.randrange(8)
    return {
        f"code-{count}": f"https://node.example/verify#{plain}".encode(),
        f"code-{count}-digits": plain.encode() + b"\n",
        f"code-{count}-altered": altered.encode(),
        f"code-{count}-flipped": digits(bytes(flipped)).encode(),
        f"code-{count}-cut": plain[:-17].encode(),
        f"code-{count}-group": plain[:-1].encode(),
        f"code-{count}-longer": digits(made + b"\0").encode(),
        f"code-{count}-version": digits(b"\2" + made[1:]).encode(),
        f"code-{count}-federation": digits(made[:1] + bytes([made[1] ^ 1]) + made[2:]).encode(),
        f"code-{count}-charter": digits(made[:12] + b"\2" + made[13:]).encode(),
        f"code-{count}-varint": digits(made[:12] + b"\x81\0" + made[13:]).encode(),
        f"code-{count}-letters": b"https://node.example/verify#" + plain.encode() + b"x",
    }


def mutated(cases: list[Case], count: int, rng: random.Random) -> list[Case]:
    """One byte changed in a carrier."""
    made = []
    for number in range(count):
        case = rng.choice([case for case in cases if case.data])
        data = bytearray(case.data)
        data[rng.randrange(len(data))] = rng.randrange(256)
        made.append(Case(f"byte {number} of {case.name}", bytes(data), case.trust, case.at))
    return made
