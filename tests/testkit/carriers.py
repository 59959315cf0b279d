"""Takes out of a file what it carries (docs/protocol.md, "Carriers" and "Formats"): a label file, else a credential."""

import json
import re
import zlib

MOST = 4 << 20
NAMED = {"quot": '"', "apos": "'", "lt": "<", "gt": ">", "amp": "&"}
SPACE = b" \t\n\f\r"


def need(condition):
    if not condition:
        raise ValueError


def integer(text):
    need(re.fullmatch("0|-?[1-9][0-9]{0,15}", text) and abs(int(text)) < 1 << 53)
    return int(text)


def members(pairs):
    need(len(dict(pairs)) == len(pairs) <= 1024)
    return dict(pairs)


def walk(value, depth=16):
    need(value is not None and (depth or not isinstance(value, (dict, list))))
    need(not isinstance(value, str) or not re.search("[\0-\x1f\x7f-\x9f\ud800-\udfff]", value))
    for part in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []:
        walk(part, depth - 1)


def load(data):
    need(len(data) <= MOST)
    value = json.loads(data.decode(), parse_int=integer, parse_float=integer, parse_constant=integer, object_pairs_hook=members)
    walk(value)
    return value


def inflate(data):
    stream = zlib.decompressobj()
    text = stream.decompress(data, MOST + 1)
    need(stream.eof and not stream.unused_data and len(text) <= MOST)
    return text


def png(data):
    at = 8
    while data[at + 4:at + 8] != b"IEND" or len(data) < at + 12:
        size = int.from_bytes(data[at:at + 4], "big")
        body, check = data[at + 4:at + 8 + size], data[at + 8 + size:at + 12 + size]
        need(len(check) == 4 and zlib.crc32(body) == int.from_bytes(check, "big"))
        keyword, _, rest = body[4:].partition(b"\0")
        if body[:4] == b"iTXt" and keyword in (b"parangon-label", b"openbadgecredential"):
            need(rest[:1] in (b"\0", b"\1") and rest[1:2] == b"\0")
            text = rest[2:].split(b"\0", 2)[2]
            yield keyword == b"parangon-label", inflate(text) if rest[0] else text
        at += 12 + size


def svg(data):
    def meant(found):
        name = found[1].decode()
        return (NAMED.get(name) or chr(int(name[2:], 16) if name[1] == "x" else int(name[1:]))).encode()

    for label, name in (True, b"parangon:label"), (False, b"openbadges:credential"):
        for start in re.finditer(b"<" + name + rb"(?=[\s>])[^>]*>", data):
            text, end, _ = data[start.end():].partition(b"</" + name + b">")
            need(end)
            text = text.strip(SPACE)
            marked = text.startswith(b"<![CDATA[") and text.endswith(b"]]>")
            yield label, text[9:-3] if marked else re.sub(rb"&(quot|apos|lt|gt|amp|#\d{1,9}|#x[0-9a-fA-F]{1,8});", meant, text)


def pdf(data):
    seen = at = 0
    while (found := re.compile(rb"/EmbeddedFile(?![A-Za-z0-9])").search(data, at)) and (seen := seen + 1) <= 8:
        at, begin = found.end(), data.rfind(b"obj", max(0, found.start() - 4096), found.start())
        start = re.compile(rb"stream\r?\n").search(data, at, begin + 4096 + 8)
        end = data.find(b"endstream", start.end()) if start and begin >= 0 else -1
        if end < 0 or start.start() > begin + 4096:
            continue
        kind = re.search(rb"/Filter\s*(/FlateDecode(?![A-Za-z0-9])|\[\s*/FlateDecode\s*\])?", data[begin:start.start()])
        text = re.sub(rb"(\r\n|\n|\r)\Z", b"", data[start.end():end])
        try:
            text = (text if not kind else inflate(text) if kind[1] else b"").strip(SPACE)
            value = load(text) if text.startswith(b"{") else {}
            at = end
        except (ValueError, RecursionError, zlib.error):
            continue
        if value.get("type") == "parangon-label" or "@context" in value:
            yield value.get("type") == "parangon-label", text


def unpack(data):
    need(len(data) <= 16 << 20)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        parts = set(png(data))
    elif b"%PDF-" in data[:1024]:
        parts = set(pdf(data))
    else:
        text = data.removeprefix(b"\xef\xbb\xbf").strip(SPACE)
        parts = set(svg(text)) if text.startswith(b"<") else {(text.startswith(b"{"), text)}
    labels, credentials = ([text for label, text in parts if label is wanted] for wanted in (True, False))
    need(len(labels) == 1 or (not labels and len(credentials) == 1))
    need(not labels or all(load(text) == load(labels[0])["credential"] for text in credentials))
    return load((labels or credentials)[0])
