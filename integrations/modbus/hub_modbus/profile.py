"""A meter model as data: the register map with its scales, ratios and rates, read from YAML.

For other plugins' tests and for simulators: `load_profile`, `profiles_in`, `codec.image` and `codec.values`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Any

from hub.sdk import ProfileError
from hub_modbus.document import Document
from hub_modbus.layers import Faults, Merged, documents, merge
from hub_modbus.mapping import exact, mapped_point
from hub_modbus.registers import MappedPoint, Ratios

SCAN = {"fast": 1.0, "normal": 5.0, "energy": 15.0, "quality": 60.0, "settings": 3600.0}
"""Scan classes that every profile has, in seconds; a profile or a plant changes and adds."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a meter wants to be asked: limits of one request, times in ms, registers never to be touched.

    `late_ms` is how long after a time-out an answer may still come in. `forbidden` spans include both ends. `holes`
    says that registers which the profile does not name may be read over.
    """

    function: int = 3
    max_read: int = 100
    max_gap: int = 125
    word_order: str = "big"
    byte_order: str = "big"
    timeout_ms: int = 300
    turnaround_ms: int = 20
    late_ms: int = 1000
    forbidden: tuple[tuple[int, int], ...] = ()
    holes: bool = True


@dataclass(frozen=True, slots=True)
class RatioRegister:
    """A transformer ratio in the meter: one value, or one divided by another (primary by secondary)."""

    value: MappedPoint
    divided_by: MappedPoint | None = None


@dataclass(frozen=True, slots=True)
class RatioRule:
    """Where PT and CT come from: `registers` are read, `fixed` are said here, `none` leaves values as they are."""

    mode: str = "fixed"
    pt: Fraction | RatioRegister = Fraction(1)
    ct: Fraction | RatioRegister = Fraction(1)

    @property
    def fixed(self) -> Ratios:
        """The ratios as far as they are known without asking the meter; 1 for one that is in a register."""
        if self.mode == "none":
            return Ratios()
        return Ratios(*(value if isinstance(value, Fraction) else Fraction(1) for value in (self.pt, self.ct)))

    @property
    def registers(self) -> dict[str, RatioRegister]:
        """What has to be read, by `pt` and `ct`."""
        pair = {"pt": self.pt, "ct": self.ct} if self.mode == "registers" else {}
        return {name: value for name, value in pair.items() if isinstance(value, RatioRegister)}


@dataclass(frozen=True, slots=True)
class Match:
    """Registers in which a meter of this profile says what it is: ASCII that begins with `text`."""

    address: int
    count: int
    text: str
    function: int = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """The register map of one meter model; `points` by key, in the order of the file."""

    name: str
    file: str
    manufacturer: str
    model: str
    source: str
    medium: str
    modbus: Manners
    ratio: RatioRule
    scan: dict[str, float]
    points: dict[str, MappedPoint]
    files: tuple[str, ...] = field(default=())
    match: Match | None = None


def load_profile(
    source: str | Traversable,
    profiles: Mapping[str, Traversable],
    overrides: Mapping[str, Any] | None = None,
) -> Profile:
    """The profile in a file, or the one called `source` in `profiles`, which also resolves `extends`.

    `overrides` is a last layer with any of the keys `modbus`, `ratio`, `scan`, `points`: what one plant says of one
    meter. Raises ProfileError naming file, line, point and what was expected, for every fault found.
    """
    own = {key: value for key, value in (overrides or {}).items() if value}
    name = source if isinstance(source, str) else source.name
    return _loaded(name, tuple(documents(source, profiles)), json.dumps(own, sort_keys=True))


@lru_cache(maxsize=256)
def _loaded(name: str, layers: tuple[Document, ...], overrides: str) -> Profile:
    """A plant has few models and many meters, and asks for their profiles again whenever a line comes back."""
    chain = list(layers)
    if own := json.loads(overrides):
        chain.append(Document("overrides of the device", own | {"source": chain[-1].data.get("source", "")}))
    faults: Faults = []
    merged = merge(chain, faults)
    profile = _profile(name, tuple(document.file for document in layers), merged, faults)
    if faults:
        raise ProfileError("\n".join(faults))
    return profile


def profiles_in(folder: Traversable, prefix: str) -> dict[str, Traversable]:
    """The profiles of a folder by full name: `folder/name.yaml` is `prefix/name`."""
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return {f"{prefix}/{file.name.removesuffix('.yaml')}": file for file in files}


def _profile(name: str, files: tuple[str, ...], merged: Merged, faults: Faults) -> Profile:
    manners = _manners(merged.sections["modbus"])
    scan = SCAN | {key: float(seconds) for key, seconds in merged.sections["scan"].items()}
    points: dict[str, MappedPoint] = {}
    for key, fields in merged.points.items():
        file, line = merged.places[key]
        try:
            point = mapped_point(key, fields, vars_of(manners), line)
            _check_place(point, manners, scan)
            points[key] = point
        except ValueError as error:
            faults.append(f"{file}:{line}: points.{key}: {error}")
    head = merged.head
    try:
        ratio = _ratio_rule(merged.sections["ratio"], manners)
    except ValueError as error:
        faults.append(f"{files[-1]}: ratio: {error}")
        ratio = RatioRule()
    return Profile(
        name, files[-1], head.get("manufacturer", ""), head.get("model", ""), head.get("source", ""),
        head.get("medium", "electricity"), manners, ratio, scan, points, files,
        Match(**head["match"]) if "match" in head else None,
    )  # fmt: skip


def vars_of(manners: Manners) -> dict[str, Any]:
    """The defaults that a point inherits from its meter."""
    return {"function": manners.function, "word_order": manners.word_order, "byte_order": manners.byte_order}


def _manners(section: Mapping[str, Any]) -> Manners:
    spans = tuple((first, last) for first, last in section.get("forbidden", []))
    return Manners(**{**section, "forbidden": spans})


def _check_place(point: MappedPoint, manners: Manners, scan: Mapping[str, float]) -> None:
    if point.scan not in scan:
        raise ValueError(f"scan class {point.scan} is not declared; known: {', '.join(scan)}")
    if point.function in (1, 2):
        return
    if point.words > manners.max_read:
        raise ValueError(f"takes {point.words} registers, but modbus.max_read allows {manners.max_read}")
    for first, last in manners.forbidden:
        if point.address <= last and first < point.end:
            raise ValueError(f"stands at 0x{point.address:X}, inside the forbidden span 0x{first:X} to 0x{last:X}")


def _ratio_rule(section: Mapping[str, Any], manners: Manners) -> RatioRule:
    values = {name: _ratio_value(name, section[name], manners) for name in ("pt", "ct") if name in section}
    asked = any(isinstance(value, RatioRegister) for value in values.values())
    mode = section.get("mode") or ("registers" if asked else "fixed")
    if mode == "registers" and not values:
        raise ValueError("mode is registers, but neither pt nor ct has an address")
    if mode == "fixed" and asked:
        values = {name: value for name, value in values.items() if isinstance(value, Fraction)}
    return RatioRule(mode, **values)


def _ratio_value(name: str, value: Any, manners: Manners) -> Fraction | RatioRegister:
    if not isinstance(value, dict):
        return exact(value)
    fields = {key: item for key, item in value.items() if key != "divided_by"}
    over = value.get("divided_by")
    return RatioRegister(
        mapped_point(name, fields, vars_of(manners)),
        mapped_point(f"{name}_secondary", over, vars_of(manners)) if over else None,
    )
