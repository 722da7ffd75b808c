"""Meter profiles read as plain data, for a meter that answers by one.

Written apart from the driver's reading of the same files, so that a mistake in one shows against the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from importlib.resources.abc import Traversable
from itertools import product
from typing import Any

import yaml

_BRACES = re.compile(r"\{([^{}]*)\}")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

WORDS = {"u16": 1, "s16": 1, "bcd16": 1, "u32": 2, "s32": 2, "f32": 2, "bcd32": 2, "u64": 4, "s64": 4, "f64": 4}
"""Registers that one value of a type takes."""


class ProfileFault(Exception):
    """A profile no meter can be built from; the message names the profile and the point."""


@dataclass(frozen=True, slots=True)
class Field:
    """One point in the registers: where it stands and how a value becomes words there."""

    key: str
    address: int
    type: str
    words: int
    table: int
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    ratio: str = "none"
    bit: int | None = None
    byte: str = ""
    word_order: str = "big"
    byte_order: str = "big"
    modulus: int | None = None
    rollover: Fraction | None = None
    counter: bool = False
    write: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class MeterProfile:
    """A meter model: its fields, and what requests it refuses.

    Where the meter keeps its transformer ratios, they are fields too: `pt ratio` and `ct ratio`, or, of a meter that
    keeps both sides, `pt ratio primary` and `pt ratio secondary`.
    """

    name: str
    medium: str
    fields: tuple[Field, ...]
    max_read: int = 125
    holes: bool = True
    forbidden: tuple[tuple[int, int], ...] = ()


def read_profile(name: str, files: Mapping[str, Traversable]) -> MeterProfile:
    """The profile called `name` among `files`. Raises ProfileFault."""
    content = _inherited(name, files, ())
    modbus = content.get("modbus", {})
    fields: list[Field] = []
    for key, spec in content["points"].items():
        try:
            fields += _fields(key, spec, modbus)
        except (KeyError, ValueError, TypeError) as error:
            raise ProfileFault(f"profile {name}, point {key}: {error!r}") from None
    ratio = content.get("ratio", {})
    if ratio.get("mode", "registers") == "registers":
        fields += _ratio_fields(ratio, modbus)
    known = {each.key: each for each in fields}
    return MeterProfile(
        name=name,
        medium=content.get("medium", "electricity"),
        fields=tuple(known.values()),
        max_read=modbus.get("max_read", 125),
        holes=modbus.get("holes", True),
        forbidden=tuple((first, last) for first, last in modbus.get("forbidden", [])),
    )


def expanded(pattern: str) -> list[str]:
    """The names in a pattern such as `voltage_{l1,l2}` or `harmonic_{2..63}`; the rightmost brace runs fastest."""
    pieces = _BRACES.split(pattern)
    choices = [[piece] if i % 2 == 0 else list(_choices(piece)) for i, piece in enumerate(pieces)]
    return ["".join(parts) for parts in product(*choices)]


def _choices(text: str) -> Iterator[str]:
    first, dots, last = text.partition("..")
    if dots:
        yield from (str(number) for number in range(int(first), int(last) + 1))
    else:
        yield from (part.strip() for part in text.split(","))


def _inherited(name: str, files: Mapping[str, Traversable], seen: tuple[str, ...]) -> dict[str, Any]:
    if name in seen:
        raise ProfileFault(f"profile {name} extends itself: {' > '.join((*seen, name))}")
    if name not in files:
        raise ProfileFault(f"no profile {name!r} is installed; known: {', '.join(sorted(files)) or 'none'}")
    own: dict[str, Any] = yaml.load(files[name].read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - a safe loader
    above = _inherited(own["extends"], files, (*seen, name)) if "extends" in own else {}
    points: dict[str, dict[Any, Any]] = dict(above.get("points", {}))
    for pattern, spec in own.get("points", {}).items():
        if spec is None:
            for key in [key for each in expanded(pattern) for key in points if fnmatchcase(key, each)]:
                del points[key]
            continue
        for index, key in enumerate(expanded(pattern)):
            points[key] = _moved(pattern, points.get(key, {}) | spec, spec, index)
    sections = {part: above.get(part, {}) | own.get(part, {}) for part in ("modbus", "ratio")}
    return above | own | sections | {"points": points}


def _moved(pattern: str, whole: dict[Any, Any], own: Mapping[Any, Any], index: int) -> dict[Any, Any]:
    """A point out of a brace pattern: registers, bits, bytes and coils count on from one name to the next."""
    moved = dict(whole)
    if own.get("write"):
        moved["write"] = own["write"] | {"address": own["write"]["address"] + index}
    if "address" not in own:
        return moved
    first = own["address"]
    if "step" in own:
        moved["address"] = first + _distance(pattern, own["step"], index)
    elif "bit" in own:
        moved["address"], moved["bit"] = first + (own["bit"] + index) // 16, (own["bit"] + index) % 16
    elif "byte" in own:
        halves = index + (own["byte"] == "low")
        moved["address"], moved["byte"] = first + halves // 2, "low" if halves % 2 else "high"
    else:
        kind = whole.get("type", "u16")
        moved["address"] = first + index * int(whole["count"] if kind == "ascii" else WORDS[kind])
    return moved


def _distance(pattern: str, step: int | list[int], index: int) -> int:
    """Registers from the first name to the `index`-th; a list of steps has one for each brace, from the left."""
    if isinstance(step, int):
        return step * index
    sizes = [len(list(_choices(piece))) for piece in _BRACES.findall(pattern)]
    total = 0
    for size, stride in zip(reversed(sizes), reversed(step), strict=True):
        index, place = divmod(index, size)
        total += place * stride
    return total


def _fields(key: str, spec: Mapping[Any, Any], modbus: Mapping[str, Any]) -> Iterator[Field]:
    kind = spec.get("type", "u16")
    words = int(spec["count"]) if kind == "ascii" else WORDS[kind]
    write = spec.get("write")
    width = spec.get("width")
    rollover = spec.get("rollover")
    yield Field(
        key=key,
        address=int(spec["address"]),
        type=kind,
        words=words,
        table=_table(int(spec.get("function", modbus.get("function", 3)))),
        scale=Fraction(str(spec.get("scale", 1))),
        offset=Fraction(str(spec.get("offset", 0))),
        ratio=str(spec.get("ratio", "none")),
        bit=spec.get("bit"),
        byte=spec.get("byte", ""),
        word_order=spec.get("word_order", modbus.get("word_order", "big")),
        byte_order=spec.get("byte_order", modbus.get("byte_order", "big")),
        modulus=1 << int(width) if width else None,
        rollover=Fraction(str(rollover)) if rollover else None,
        counter=spec.get("kind") == "counter",
        write=_write(write) if write else None,
    )


def _ratio_fields(ratio: Mapping[str, Any], modbus: Mapping[str, Any]) -> Iterator[Field]:
    for side in ("pt", "ct"):
        spec = ratio.get(side)
        if isinstance(spec, Mapping) and "divided_by" in spec:
            yield from _fields(f"{side} ratio primary", spec, modbus)
            yield from _fields(f"{side} ratio secondary", spec["divided_by"], modbus)
        elif isinstance(spec, Mapping):
            yield from _fields(f"{side} ratio", spec, modbus)


def _table(function: int) -> int:
    """Holding and input registers of these meters are one and the same; coils and discrete inputs stand apart."""
    return 3 if function in {3, 4} else function


def _write(spec: Mapping[Any, Any]) -> tuple[int, int, int, int]:
    on, off = (spec.get(word, spec.get(trap, value)) for word, trap, value in (("on", True, 1), ("off", False, 0)))
    return int(spec["function"]), int(spec["address"]), int(on), int(off)  # YAML 1.1 reads the key `on` as true
