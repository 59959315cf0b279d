"""Changed label files: bytes, and JSON with one thing in it that is otherwise. The same seed gives the same files."""

import copy
import json
import random

DATES = [
    "2020-01-01T00:00:00Z",
    "2026-11-30T00:00:00Z",
    "2027-06-30T23:59:59Z",
    "2028-11-30T23:59:59Z",
    "2028-12-01T00:00:00Z",
    "2029-11-30T12:00:00Z",
    "2029-12-01T00:00:00Z",
    "2035-01-01T00:00:00Z",
]

STRINGS = ["", " ", "a", "GOLD", "0" * 64, "é", "\u2028", "\x7f", "\u0085", "a\u202eb", "2026-13", "2026-11", "\\", '"', "\U0001f600", "none"]
NUMBERS = [0, 1, -1, 255, 256, 65536, 4294967295, 4294967296, 2**53 - 1, 2**53, 2**64, 1.0, 1.5, 1e300, -0.0]


def changed_bytes(rng: random.Random, text: bytes) -> bytes:
    """One to three bytes changed, put in, left out, or the rest cut off."""
    data = bytearray(text)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(data))
        kind = rng.randrange(10)
        if kind < 4:
            data[at] ^= 1 << rng.randrange(8)
        elif kind < 6:
            data[at] = rng.choice(b'0123456789abcdef{}[],:"\\ GOLDn-')
        elif kind == 6:
            data.insert(at, rng.choice(b'0a{}[],:"\\ \n\t'))
        elif kind == 7:
            del data[at : at + rng.choice([1, 1, 2, 8, 64])]
        elif kind == 8:
            other = rng.randrange(len(data))
            size = rng.choice([1, 4, 32, 64])
            data[at : at + size] = data[other : other + size]
        elif rng.randrange(4) == 0:
            del data[at:]
        if not data:
            data = bytearray(b"{")
    return bytes(data)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from places(entry, (*path, key))
    elif isinstance(value, list):
        for at, entry in enumerate(value):
            yield from places(entry, (*path, at))


def at_path(value, path):
    for step in path:
        value = value[step]
    return value


def other_value(rng: random.Random, value):
    """Another value in the place of this one."""
    if isinstance(value, bool):
        return rng.choice([not value, 1, "true"])
    if isinstance(value, int):
        return rng.choice([value + 1, value - 1, value * 2, str(value), float(value), rng.choice(NUMBERS)])
    if isinstance(value, str):
        return other_text(rng, value)
    if isinstance(value, list):
        items = list(value)
        kind = rng.randrange(6)
        if kind == 0 and items:
            items.pop(rng.randrange(len(items)))
        elif kind == 1 and items:
            items.insert(rng.randrange(len(items)), copy.deepcopy(rng.choice(items)))
        elif kind == 2:
            rng.shuffle(items)
        elif kind == 3:
            items = []
        elif kind == 4:
            items.append(rng.choice(STRINGS))
        else:
            return {str(at): item for at, item in enumerate(items)}
        return items
    entries = dict(value)
    kind = rng.randrange(5)
    if kind == 0 and entries:
        entries.pop(rng.choice(list(entries)))
    elif kind == 1:
        entries[rng.choice(["x", "type", "v", "about", "drawn", "epoch", "adoption", "keysets", "é"])] = rng.choice([1, "x", [], {}, False])
    elif kind == 2:
        # The fields as a list, in their order: some readers take that for the same.
        return list(entries.values())
    elif kind == 3 and entries:
        key = rng.choice(list(entries))
        entries[key + rng.choice(["", "s", " "])] = entries.pop(key)
    else:
        return rng.choice([[], {}, "", 0, None])
    return entries


def other_text(rng: random.Random, text: str) -> str:
    if not text or rng.randrange(6) == 0:
        return rng.choice(STRINGS)
    at = rng.randrange(len(text))
    kind = rng.randrange(6)
    if kind == 0:
        return text[:at] + rng.choice("0123456789abcdefzA-/+= ") + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + rng.choice("0aZ=/ \u00e9") + text[at:]
    if kind == 3:
        return text.swapcase()
    if kind == 4:
        return text[::-1]
    return text + rng.choice(["0", "a", "=", " ", "\u200b"])


def changed_json(rng: random.Random, value, others: list) -> bytes:
    """One or two places changed, or taken from another file."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 2])):
        every = [path for path in places(value) if path]
        path = rng.choice(every)
        # Rarely all, else one of the many places below records and proofs would nearly always be taken.
        short = [one for one in every if len(one) <= rng.choice([1, 2, 3, 4])]
        if rng.randrange(2) and short:
            path = rng.choice(short)
        inside = at_path(value, path[:-1])
        if rng.randrange(3) == 0:
            other = rng.choice(others)
            try:
                inside[path[-1]] = copy.deepcopy(at_path(other, path))
                continue
            except (KeyError, IndexError, TypeError):
                pass
        inside[path[-1]] = other_value(rng, inside[path[-1]])
    text = json.dumps(value, ensure_ascii=rng.randrange(2) == 0, separators=rng.choice([(",", ":"), (", ", ": ")]))
    return twisted(rng, text).encode("utf-8", "surrogatepass")


def twisted(rng: random.Random, text: str) -> str:
    """Sometimes what only the text of JSON can be: a key twice, another spelling of a number or character, something behind it."""
    kind = rng.randrange(30)
    if kind == 0:
        return text.replace('"v":', rng.choice(['"v":1,"v":', '"v":1.0,"w":', '"v":-0,"w":']), 1)
    if kind == 1:
        return text.replace("a", "\\u0061", rng.randrange(1, 4))
    if kind == 2:
        return text + rng.choice([" ", "\n", "x", "{}", "\x00", "\ufeff"])
    if kind == 3:
        return rng.choice([" ", "\n\t", "\ufeff", "\u00a0", "["]) + text
    if kind == 4:
        return text.replace('"x"', rng.choice(['"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\/"', '"\\b"']), 1)
    return text


def dates(rng: random.Random, now: str) -> str:
    return rng.choice([now, now, now, *DATES])
