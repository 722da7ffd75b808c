"""Does what a meter says hang together? A wrong profile or a swapped ratio seldom does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from hub_modbus.registers import MappedPoint, Ratios

_PHASES = ("l1", "l2", "l3")
_TOLERANCE = 0.03
_ENOUGH = 5


def doubts(
    values: Mapping[str, float], points: Iterable[MappedPoint], ratios: Ratios, profile: str = ""
) -> dict[str, str]:
    """What is hard to believe about the newest `values` (by point key, NaN left out), by the name of the check."""
    found = {
        "all zero": _all_zero(values, profile),
        "voltages": _voltages(values),
        "active power": _sum(values, "active_power"),
        "reactive power": _sum(values, "reactive_power"),
        "power factor": _power_factor(values),
        "frequency": _frequency(values),
    }
    for point in points:
        if point.believable is not None and point.key in values:
            found[point.key] = _range(point, values[point.key], ratios)
    return {check: text for check, text in found.items() if text}


def believable(point: MappedPoint, factor: float) -> tuple[float, float] | None:
    """The span of values that a sound device can report, multiplied by the `factor` of its ratio."""
    if point.believable is None:
        return None
    return point.believable[0] * factor, point.believable[1] * factor


def _known(values: Mapping[str, float], keys: Sequence[str]) -> list[float]:
    known = [values[key] for key in keys if key in values]
    return known if len(known) == len(keys) else []


def _all_zero(values: Mapping[str, float], profile: str) -> str:
    if len(values) < _ENOUGH or any(values.values()):
        return ""
    return f"all {len(values)} values are 0: is {profile or 'this'} the right profile? Wrong registers often read 0"


def _voltages(values: Mapping[str, float]) -> str:
    phases = _known(values, [f"voltage_{phase}" for phase in _PHASES])
    lines = _known(values, ["voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1"])
    if not phases or not lines or max(phases) - min(phases) > 0.1 * max(phases) or max(phases) < 10:
        return ""
    ratio = sum(lines) / sum(phases)
    if abs(ratio / math.sqrt(3) - 1) <= _TOLERANCE:
        return ""
    return f"line voltages are {ratio:.3f} times the phase voltages; expected {math.sqrt(3):.3f}"


def _sum(values: Mapping[str, float], quantity: str) -> str:
    phases = _known(values, [f"{quantity}_{phase}" for phase in _PHASES])
    if not phases or quantity not in values:
        return ""
    total, added = values[quantity], sum(phases)
    size = sum(abs(value) for value in phases)
    if abs(total - added) <= max(_TOLERANCE * size, 1e-3 * max(1.0, abs(total))):
        return ""
    return f"{quantity} is {total:g}, but its phases add up to {added:g}"


def _power_factor(values: Mapping[str, float]) -> str:
    wrong = {key: value for key, value in values.items() if key.startswith("power_factor") and abs(value) > 1.001}
    return ", ".join(f"{key} is {value:g}; expected -1 to 1" for key, value in wrong.items())


def _frequency(values: Mapping[str, float]) -> str:
    frequency = values.get("frequency")
    dead = not any(values.get(f"voltage_{phase}", 1.0) for phase in _PHASES)
    if frequency is None or 45 <= frequency <= 65 or (frequency == 0 and dead):
        return ""
    return f"frequency is {frequency:g} Hz; expected 45 to 65"


def _range(point: MappedPoint, value: float, ratios: Ratios) -> str:
    span = believable(point, float(ratios.factor(point.ratio)))
    if span is None or span[0] <= value <= span[1]:
        return ""
    return f"{point.key} is {value:g} {point.unit}; believable is {span[0]:g} to {span[1]:g}"
