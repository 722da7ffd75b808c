"""What a device's points are, told from their keys and units: which is its power, which its counter, which phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hub.core.model import Entity, Kind
from hub.core.units import UNITS

PHASES = ("l1", "l2", "l3")
LINES = ("l1_l2", "l2_l3", "l3_l1")

QUANTITIES = (
    "voltage",
    "current",
    "active_power",
    "reactive_power",
    "apparent_power",
    "power_factor",
    "power",
    "frequency",
    "active_energy_import",
    "active_energy_export",
    "active_energy",
    "reactive_energy_import",
    "reactive_energy_export",
    "reactive_energy",
    "apparent_energy",
    "energy_import",
    "energy_export",
    "energy",
    "thd_voltage",
    "thd_current",
    "harmonic_voltage",
    "harmonic_current",
    "demand_active_power",
    "demand_reactive_power",
    "demand_apparent_power",
    "demand_current",
    "max_demand_active_power",
    "max_demand_reactive_power",
    "max_demand_apparent_power",
    "max_demand_current",
    "previous_demand_active_power",
    "previous_demand_reactive_power",
    "previous_demand_apparent_power",
    "previous_demand_current",
    "voltage_unbalance",
    "current_unbalance",
    "unbalance_voltage",
    "unbalance_current",
    "angle_voltage",
    "angle_current",
    "voltage_angle",
    "current_angle",
    "digital_input",
    "digital_output",
    "crest_factor_voltage",
    "k_factor_current",
    "thd_odd_voltage",
    "thd_even_voltage",
    "thd_odd_current",
    "thd_even_current",
    "fundamental_active_power",
    "fundamental_reactive_power",
    "fundamental_apparent_power",
    "fundamental_power_factor",
    "fundamental_active_energy_import",
    "fundamental_active_energy_export",
    "fundamental_reactive_energy_import",
    "fundamental_reactive_energy_export",
    "voltage_positive_sequence",
    "voltage_negative_sequence",
    "voltage_zero_sequence",
    "current_positive_sequence",
    "current_negative_sequence",
    "current_zero_sequence",
    "volume",
    "normal_volume",
    "mass",
    "flow",
    "volume_flow",
    "normal_volume_flow",
    "mass_flow",
    "temperature",
    "pressure",
    "output",
    "output_rate",
    "relay",
    "input",
)
"""Quantities that have a name in every language of the pages."""

_FLOWS = ("volume flow", "normal volume flow", "mass flow")
_AMOUNTS = ("energy", "volume", "normal volume", "mass", "pieces")


@dataclass(frozen=True, slots=True)
class Parts:
    """A point key taken apart. `phase` is l1, l2, l3, n, a pair such as l1_l2, or empty; `rest` what no rule knows.

    `circuit`, `order` (of a harmonic), `tariff` and `index` are 0 where the key names none; `extreme` is max, min or
    empty.
    """

    quantity: str
    phase: str = ""
    circuit: int = 0
    order: int = 0
    tariff: int = 0
    index: int = 0
    extreme: str = ""
    rest: str = ""


@lru_cache(maxsize=16_384)
def parts(key: str) -> Parts:
    """`key` taken apart: the longest quantity it begins with, then places, tariffs, orders in any order."""
    tokens = key.split("_")
    extreme = ""
    if tokens[0] in ("max", "min") and tokens[1:2] != ["demand"]:
        extreme, tokens = tokens[0], tokens[1:]
    length = next((n for n in range(len(tokens), 0, -1) if "_".join(tokens[:n]) in QUANTITIES), 0)
    quantity, tokens = "_".join(tokens[:length]), tokens[length:]
    phases: list[str] = []
    numbers = {"circuit": 0, "order": 0, "tariff": 0, "index": 0}
    rest: list[str] = []
    for before, token in zip(["", *tokens], tokens, strict=False):
        number = int(token.lstrip("ct")) if token.lstrip("ct").isdigit() else -1
        if token in (*PHASES, "n"):
            phases.append(token)
        elif token in ("max", "min") and not extreme:
            extreme = token
        elif number >= 0 and token[0] in "ct":
            numbers["circuit" if token[0] == "c" else "tariff"] = number
        elif number >= 0 and before == "circuit":
            numbers["circuit"] = number
        elif number >= 0:
            numbers["order" if quantity.startswith("harmonic_") else "index"] = number
        elif token not in ("total", "circuit"):
            rest.append(token)
    return Parts(quantity, "_".join(phases), extreme=extreme, rest="_".join(rest), **numbers)


@dataclass(frozen=True, slots=True)
class Roles:
    """The points of a device that lists and sums speak of; a meter of several circuits has several in each.

    `power` holds what tells how much passes now: active power, or a flow; `counter` what has passed in all.
    """

    power: tuple[Entity, ...] = ()
    counter: tuple[Entity, ...] = ()
    currents: tuple[Entity, ...] = ()
    power_factor: tuple[Entity, ...] = ()

    def entities(self) -> Iterable[Entity]:
        """All of them."""
        return (*self.power, *self.counter, *self.currents, *self.power_factor)


def roles(entities: Mapping[str, Entity]) -> Roles:
    """What each point of one device is for; `entities` by point key, as the registry gives them."""
    usual = _usual(entities)
    if usual is not None:
        return usual
    found = [(parts(entity.point.key), entity) for entity in entities.values()]
    plain = [(p, e) for p, e in found if not (p.extreme or p.tariff or p.order or (p.quantity and p.rest))]
    return Roles(
        power=_power(plain),
        counter=_counter(plain) or _tariff_counters(found),
        currents=tuple(entity for p, entity in plain if p.quantity == "current" and p.phase in ("", *PHASES)),
        power_factor=_whole(plain, "power_factor"),
    )


def _usual(entities: Mapping[str, Entity]) -> Roles | None:
    """The roles of a three-phase meter that names its points as most do, without a look at its thousand others."""
    power, counter = entities.get("active_power"), entities.get("active_energy_import")
    currents = tuple(entities[key] for key in ("current_l1", "current_l2", "current_l3") if key in entities)
    factor = entities.get("power_factor")
    if power is None or counter is None or factor is None or len(currents) < 3:
        return None
    return Roles((power,), (counter,), currents, (factor,))


def dimension(unit: str) -> str:
    """What a unit measures, empty for one the hub does not know."""
    return UNITS[unit].dimension if unit in UNITS else ""


def _power(plain: list[tuple[Parts, Entity]]) -> tuple[Entity, ...]:
    for quantity in ("active_power", "power", "output_rate"):
        if whole := _whole(plain, quantity):
            return whole
    for p, entity in plain:
        if p.phase == "" and entity.point.kind is Kind.MEASUREMENT and dimension(entity.point.unit) in _FLOWS:
            return (entity,)
    return ()


def _counter(plain: list[tuple[Parts, Entity]]) -> tuple[Entity, ...]:
    counters = [(p, entity) for p, entity in plain if entity.point.kind is Kind.COUNTER]
    for quantity in ("active_energy_import", "active_energy", "energy_import", "energy", "output"):
        if whole := _whole(counters, quantity):
            return whole
    for p, entity in counters:
        if p.phase == "" and dimension(entity.point.unit) in _AMOUNTS:
            return (entity,)
    return ()


def _tariff_counters(found: list[tuple[Parts, Entity]]) -> tuple[Entity, ...]:
    """Tariff registers add up to the total of a meter that has no register for it."""
    return tuple(
        entity
        for p, entity in found
        if p.quantity == "active_energy_import" and p.tariff and not (p.phase or p.rest or p.circuit)
    )


def _whole(plain: list[tuple[Parts, Entity]], quantity: str) -> tuple[Entity, ...]:
    """The point of `quantity` for the whole device; else those of its circuits; else those of its phases."""
    mine = [(p, entity) for p, entity in plain if p.quantity == quantity and p.phase in ("", *PHASES)]
    for choice in (
        [e for p, e in mine if not p.phase and not p.circuit],
        [e for p, e in mine if not p.phase and p.circuit],
        [e for p, e in mine if p.phase],
    ):
        if choice:
            return tuple(choice)
    return ()
