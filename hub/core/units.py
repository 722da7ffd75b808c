"""Units of measurement: what they measure, and how they convert within one dimension."""

from __future__ import annotations

from dataclasses import dataclass

from hub.core.errors import HubError


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as `factor` times its dimension's SI unit plus `offset` (only temperature has one)."""

    symbol: str
    dimension: str
    factor: float = 1.0
    offset: float = 0.0


UNITS: dict[str, Unit] = {
    unit.symbol: unit
    for unit in (
        Unit("", "number"),
        Unit("%", "number", 0.01),
        Unit("V", "voltage"),
        Unit("kV", "voltage", 1e3),
        Unit("A", "current"),
        Unit("kA", "current", 1e3),
        Unit("mA", "current", 1e-3),
        Unit("W", "power"),
        Unit("kW", "power", 1e3),
        Unit("MW", "power", 1e6),
        Unit("var", "reactive power"),
        Unit("kvar", "reactive power", 1e3),
        Unit("VA", "apparent power"),
        Unit("kVA", "apparent power", 1e3),
        Unit("Wh", "energy", 3.6e3),
        Unit("kWh", "energy", 3.6e6),
        Unit("MWh", "energy", 3.6e9),
        Unit("MJ", "energy", 1e6),
        Unit("GJ", "energy", 1e9),
        Unit("varh", "reactive energy"),
        Unit("kvarh", "reactive energy", 1e3),
        Unit("kVAh", "apparent energy", 1e3),
        Unit("Hz", "frequency"),
        Unit("°", "angle"),
        Unit("s", "time"),
        Unit("ms", "time", 1e-3),
        Unit("min", "time", 60.0),
        Unit("h", "time", 3600.0),
        Unit("K", "temperature"),
        Unit("°C", "temperature", 1.0, 273.15),
        Unit("Pa", "pressure"),
        Unit("kPa", "pressure", 1e3),
        Unit("MPa", "pressure", 1e6),
        Unit("bar", "pressure", 1e5),
        Unit("m³", "volume"),
        Unit("Nm³", "normal volume"),
        Unit("L", "volume", 1e-3),
        Unit("m³/h", "volume flow", 1 / 3600),
        Unit("Nm³/h", "normal volume flow", 1 / 3600),
        Unit("t", "mass", 1e3),
        Unit("kg", "mass"),
        Unit("t/h", "mass flow", 1e3 / 3600),
        Unit("kg/h", "mass flow", 1 / 3600),
        Unit("kgce", "coal equivalent"),
        Unit("tce", "coal equivalent", 1e3),
        Unit("pcs", "pieces"),
        Unit("pcs/h", "piece rate", 1 / 3600),
        Unit("rpm", "speed of rotation"),
    )
}


def convert(value: float, source: str, target: str) -> float:
    """`value` given in `source`, expressed in `target`.

    Raises HubError for an unknown unit or for two units of different dimensions.
    """
    if source == target:
        return value
    origin, goal = unit(source), unit(target)
    if origin.dimension != goal.dimension:
        raise HubError(f"{source} measures {origin.dimension}, {target} measures {goal.dimension}")
    return (value * origin.factor + origin.offset - goal.offset) / goal.factor


def unit(symbol: str) -> Unit:
    """The unit written `symbol`. Raises HubError when the hub does not know it."""
    try:
        return UNITS[symbol]
    except KeyError:
        raise HubError(f"unknown unit {symbol!r}; known: {', '.join(sorted(UNITS))}") from None
