"""The form of a profile: which keys it has and what each may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import voluptuous as vol

from hub.sdk import UNITS, Confidence, Kind
from hub_modbus.registers import READS, WRITES, DataType, Ratio


def _one_of(*allowed: object) -> vol.In:
    return vol.In(allowed, msg=f"expected one of {', '.join(str(value) for value in allowed)}")


def number(value: object) -> float:
    """A YAML number. Raises vol.Invalid for anything else, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise vol.Invalid(f"expected a number, found {value!r}")
    return value


def whole(low: int, high: int) -> Callable[[object], int]:
    """A check for a whole number from `low` to `high`, both included."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise vol.Invalid(f"expected a whole number from {low} to {high}, found {value!r}")
        return value

    return check


def _positive(value: object) -> float:
    if (given := number(value)) <= 0:
        raise vol.Invalid(f"expected a number above 0, found {value!r}")
    return given


def _deadband(value: object) -> object:
    if isinstance(value, str):
        share = value.removesuffix("%")
        if share == value or not share.strip().replace(".", "", 1).isdigit():
            raise vol.Invalid(f"expected a number in the point's unit, or a share such as 0.2%, found {value!r}")
        return value
    if number(value) < 0:
        raise vol.Invalid(f"expected a number of at least 0, found {value!r}")
    return value


def _unit(value: object) -> str:
    if not isinstance(value, str) or value not in UNITS:
        raise vol.Invalid(f"unknown unit {value!r}; known: {', '.join(UNITS)}")
    return value


def _span(value: object) -> list[float]:
    if not isinstance(value, list) or len(value) != 2 or number(value[0]) >= number(value[1]):
        raise vol.Invalid(f"expected [low, high], found {value!r}")
    return value


def _step(value: object) -> object:
    return [_STEP(item) for item in value] if isinstance(value, list) else _STEP(value)


def or_null(schema: vol.Schema) -> Callable[[object], object]:
    """A check for null, or for what `schema` takes."""
    return lambda value: None if value is None else schema(value)


ADDRESS = whole(0, 65535)

_STEP = whole(1, 4096)

_TYPE = _one_of(*DataType)
_ORDER = _one_of("big", "little")

_VALUE: dict[vol.Marker, Any] = {
    vol.Optional("address"): ADDRESS,
    vol.Optional("type"): _TYPE,
    vol.Optional("function"): _one_of(*READS),
    vol.Optional("scale"): number,
    vol.Optional("word_order"): _ORDER,
    vol.Optional("byte_order"): _ORDER,
}

_WRITE = vol.Schema(
    {
        vol.Required("function"): _one_of(*WRITES),
        vol.Required("address"): ADDRESS,
        vol.Optional("on"): whole(0, 65535),
        vol.Optional("off"): whole(0, 65535),
    }
)

POINT = vol.Schema(
    {
        **_VALUE,
        vol.Optional("count"): whole(1, 125),
        vol.Optional("bit"): whole(0, 15),
        vol.Optional("byte"): _one_of("high", "low"),
        vol.Optional("offset"): number,
        vol.Optional("unit"): _unit,
        vol.Optional("kind"): _one_of(*Kind),
        vol.Optional("ratio"): _one_of(*Ratio),
        vol.Optional("scan"): str,
        vol.Optional("deadband"): _deadband,
        vol.Optional("max_age"): _positive,
        vol.Optional("width"): whole(1, 64),
        vol.Optional("rollover"): _positive,
        vol.Optional("believable"): _span,
        vol.Optional("confidence"): _one_of(*Confidence),
        vol.Optional("source"): str,
        vol.Optional("step"): _step,
        vol.Optional("invalid"): vol.Any(int, [int], msg="expected a raw value or a list of them"),
        vol.Optional("write"): or_null(_WRITE),
    }
)
"""One line under `points:`; the address may come from the profile that this one extends."""

MODBUS = vol.Schema(
    {
        vol.Optional("function"): _one_of(*READS),
        vol.Optional("max_read"): whole(1, 125),
        vol.Optional("max_gap"): whole(0, 125),
        vol.Optional("word_order"): _ORDER,
        vol.Optional("byte_order"): _ORDER,
        vol.Optional("timeout_ms"): whole(10, 60_000),
        vol.Optional("turnaround_ms"): whole(0, 10_000),
        vol.Optional("late_ms"): whole(0, 60_000),
        vol.Optional("forbidden"): [vol.All([ADDRESS], vol.Length(2, 2, msg="expected [first, last]"))],
        vol.Optional("holes"): bool,
    }
)

_RATIO_VALUE = {vol.Required(str(key)) if key == "address" else key: check for key, check in _VALUE.items()}
_RATIO_REGISTER = vol.Schema({**_RATIO_VALUE, vol.Optional("divided_by"): vol.Schema(_RATIO_VALUE)})


def _ratio_value(value: object) -> object:
    return _RATIO_REGISTER(value) if isinstance(value, dict) else _positive(value)


RATIO = vol.Schema(
    {
        vol.Optional("mode"): _one_of("registers", "fixed", "none"),
        vol.Optional("pt"): _ratio_value,
        vol.Optional("ct"): _ratio_value,
    }
)

SCAN = vol.Schema({str: _positive})

MATCH = vol.Schema(
    {
        vol.Required("address"): ADDRESS,
        vol.Required("count"): whole(1, 125),
        vol.Required("text"): vol.All(str, vol.Length(1, msg="expected the text that the registers begin with")),
        vol.Optional("function"): _one_of(3, 4),
    }
)

PROFILE = vol.Schema(
    {
        vol.Optional("manufacturer"): str,
        vol.Optional("model"): str,
        vol.Required("source", msg="expected the manual, standard or program that the numbers come from"): str,
        vol.Optional("extends"): str,
        vol.Optional("confidence"): _one_of(*Confidence),
        vol.Optional("medium"): str,
        vol.Optional("modbus"): MODBUS,
        vol.Optional("ratio"): RATIO,
        vol.Optional("scan"): SCAN,
        vol.Optional("match"): MATCH,
        vol.Optional("points"): {str: or_null(POINT)},
    }
)
"""A whole file."""


def known_keys(path: list[Any]) -> list[str]:
    """Keys allowed beside the last one of `path`, a path inside a profile."""
    section = {"modbus": MODBUS, "ratio": RATIO, "match": MATCH}.get(path[0]) if len(path) == 2 else None
    if path[0] == "points" and len(path) == 3:
        section = POINT
    if path[0] == "points" and len(path) == 4:
        section = _WRITE
    if path[0] == "ratio" and len(path) > 2:
        section = _RATIO_REGISTER
    return [str(key) for key in (section or PROFILE).schema]
