"""Reading a meter once, outside a running hub: which points answer, and which profile fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hub_modbus.frames import Refused, Request, RequestFailed
from hub_modbus.link import Link, Patience
from hub_modbus.plan import Block, Ground, plan
from hub_modbus.plausible import doubts
from hub_modbus.profile import Profile
from hub_modbus.readout import Readout, Registers, text
from hub_modbus.refusal import halves
from hub_modbus.registers import MappedPoint, Ratios

_TELLING = ("frequency", "voltage_l1", "voltage_l2", "voltage_l3", "voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1",
            "power_factor")  # fmt: skip
_NAMED = 10.0
_VOLTS = (40.0, 1000.0)


@dataclass(slots=True)
class Reading:
    """Registers of each point that answered, and what was refused, in words by point."""

    registers: dict[str, Registers] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def value(self, point: MappedPoint, ratios: Ratios) -> float | str:
        """What `point` reads; NaN when it gave no value."""
        if point.key not in self.registers:
            return float("nan")
        if point.is_text:
            return text(point, self.registers[point.key], point.address)
        return float(Readout([point], point.address, ratios).values(self.registers[point.key])[0])


async def read_points(link: Link, unit: int, profile: Profile, points: list[MappedPoint]) -> Reading:
    """Read `points` once, refused requests taken apart. Raises NoAnswer and the like when the meter fails otherwise."""
    ground = Ground(profile.modbus, tuple(profile.points.values()))
    todo = plan(points, ground, link.wire)
    patience = Patience.of(profile.modbus, link.settings)
    reading = Reading()
    while todo:
        block = todo.pop(0)
        try:
            registers = await link.ask(Request(unit, block.function, block.address, block.count), patience)
        except Refused as error:
            parts = [step.block for step in halves(block)]
            todo = parts + todo
            if not parts:
                reading.refused |= {point.key: str(error) for point in block.points}
        else:
            reading.registers |= _split(block, registers)
    return reading


async def likely_profile(link: Link, unit: int, profiles: Mapping[str, Profile]) -> str:
    """The profile under which a meter's voltages and frequency make the most sense; empty when none does.

    Several names, joined by `or`, when the meter reads the same under them.
    """
    best: dict[str, float] = {}
    seen: dict[tuple[object, ...], float] = {}
    for name, profile in profiles.items():
        points = [profile.points[key] for key in _TELLING if key in profile.points]
        if not points:
            continue
        key = (*points, profile.match)
        if key not in seen:
            seen[key] = await _score(link, unit, profile, points)
        best[name] = seen[key]
    top = max(best.values(), default=0.0)
    names = [name for name, score in best.items() if score == top] if top >= 1.0 else []
    return " or ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


async def _score(link: Link, unit: int, profile: Profile, points: list[MappedPoint]) -> float:
    try:
        reading = await read_points(link, unit, profile, points)
    except RequestFailed:
        return 0.0
    ratios = Ratios()
    numbers = {
        point.key: value
        for point in points
        if isinstance(value := reading.value(point, ratios), float) and not np.isnan(value)
    }
    if doubts(numbers, points, ratios):
        return 0.0
    score = 2.0 if 45 <= numbers.get("frequency", 0.0) <= 65 else 0.0
    score += sum(_VOLTS[0] <= value <= _VOLTS[1] for key, value in numbers.items() if key.startswith("voltage"))
    return score + (_NAMED if await _names_itself(link, unit, profile) else 0.0)


async def _names_itself(link: Link, unit: int, profile: Profile) -> bool:
    """Whether the meter says in its own registers that it is of this model."""
    match = profile.match
    if match is None:
        return False
    try:
        request = Request(unit, match.function, match.address, match.count)
        registers = await link.ask(request, Patience.of(profile.modbus, link.settings))
    except RequestFailed:
        return False
    return registers.astype(">u2").tobytes().startswith(match.text.encode("ascii"))


def _split(block: Block, registers: Registers) -> dict[str, Registers]:
    return {point.key: registers[point.address - block.address : point.end - block.address] for point in block.points}
