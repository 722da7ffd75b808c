"""One meter as its page sees it: its points taken apart, and sorted into those each block shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan, sqrt

from hub.core.model import Confidence, DeviceInfo, Entity
from hub.core.state import NEVER, StateTable
from hub.web import blocks
from hub.web.blocks import Found
from hub.web.cells import Cell, cell
from hub.web.points import LINES, PHASES, Roles, roles
from hub.web.services import Services

_PHASE_COLOURS = {"l1": "--ph-a", "l2": "--ph-b", "l3": "--ph-c", "n": "--ph-n"}
COLOURS = ("--data", "--m-gas", "--m-steam", "--m-air", "--m-oil", "--m-pv", "--m-water", "--m-coal")
"""Colours of lines that belong to no phase, in their order."""

SETTINGS = ("setting_", "option_", "clock_", "tariff_table_", "closing_")
"""Beginnings of keys that tell how a meter is set up, not what it measures: its device page has them."""

Shown = list[tuple[Entity, Cell]]


@dataclass(frozen=True)
class Meter:
    """A device in use, with its entities by point key."""

    info: DeviceInfo
    entities: Mapping[str, Entity]

    @cached_property
    def found(self) -> Found:
        """Its points, taken apart."""
        return blocks.take_apart(self.entities)

    @cached_property
    def roles(self) -> Roles:
        """Which of its points tell power, amount, currents."""
        return roles(self.entities)

    @property
    def electric(self) -> bool:
        """Whether it measures voltage or current."""
        return any(p.quantity in ("voltage", "current") for p, _ in self.found)

    @property
    def powers(self) -> list[Entity]:
        """Its power, or those of its circuits; empty for a meter of flows."""
        return [entity for entity in self.roles.power if entity.point.unit.endswith("W")]

    def own(self, state: StateTable) -> Shown:
        """Demand and extremes that the meter keeps itself."""
        return [(e, cell(e, state)) for p, e in self.found if "demand" in p.quantity or p.extreme]

    def flows(self, state: StateTable) -> Shown:
        """What a meter of gas, steam, water, air or pieces tells; empty for an electric one."""
        if self.electric:
            return []
        own = {entity.point.key for entity, _ in self.own(state)}
        return [(e, cell(e, state)) for _, e in self.found if e.point.unit and e.point.key not in own]

    def rest(self, state: StateTable) -> Shown:
        """Points that no other block shows, settings aside."""
        shown = blocks.shown_elsewhere(self.found) | {e.point.key for e, _ in (*self.flows(state), *self.own(state))}
        return [
            (e, cell(e, state))
            for p, e in self.found
            if e.point.key not in shown and p.quantity != "frequency" and not e.point.key.startswith(SETTINGS)
        ]

    def assumed(self) -> list[Entity]:
        """Points of the tables that no published source confirms."""
        shown = blocks.shown_elsewhere(self.found)
        unsure = [(p, e) for p, e in self.found if e.point.confidence is Confidence.ASSUMED]
        return [e for p, e in unsure if not p.order and (e.point.key in shown or not self.electric)]

    def kilovolts(self, state: StateTable) -> float:
        """The line voltage in kV, from the first phase or line voltage that is known; NaN when none is."""
        for p, entity in self.found:
            if p.quantity != "voltage" or p.extreme or state.at[entity.row] == NEVER:
                continue
            volts = float(state.value[entity.row]) * (1000 if entity.point.unit == "kV" else 1)
            if isfinite(volts) and p.phase in (*PHASES, *LINES):
                return volts * (sqrt(3) if p.phase in PHASES else 1) / 1000
        return nan

    def coloured(self, chosen: Sequence[Entity]) -> list[tuple[Entity, str]]:
        """Each of `chosen` with the colour token of its line: its phase's while that is free."""
        places = {entity.point.key: p.phase for p, entity in self.found}
        spare, used, lines = iter(COLOURS), set[str](), []
        for entity in chosen:
            colour = _PHASE_COLOURS.get(places[entity.point.key], "")
            if not colour or colour in used:
                colour = next(spare)
            used.add(colour)
            lines.append((entity, colour))
        return lines


def meter_of(services: Services, project: str, device: str) -> Meter | None:
    """The device `device` of a project, None when it has none in use by that key."""
    registry = services.core.registry
    info = registry.device(f"{project}/{device}")
    if info is None or info.id not in registry.active:
        return None
    return Meter(info, registry.entities(info.id))
