"""One meter laid open: raw registers beside their value, in every order of words and bytes, with both signs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hub_modbus.examine import Reading
from hub_modbus.plausible import doubts
from hub_modbus.profile import Profile
from hub_modbus.readout import Readout, Registers
from hub_modbus.registers import DataType, MappedPoint, Ratios

ORDERS = {"ABCD": ("big", "big"), "CDAB": ("little", "big"), "BADC": ("big", "little"), "DCBA": ("little", "little")}
"""Orders of words and bytes by the usual names; ABCD is high word and high byte first."""

_SIGNED = {DataType.U16: DataType.S16, DataType.U32: DataType.S32, DataType.U64: DataType.S64}
_UNSIGNED = {signed: unsigned for unsigned, signed in _SIGNED.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """One point: place and registers, its value as the profile has it, the value in each order, what is doubtful."""

    key: str
    place: str
    raw: str
    value: str
    unit: str
    orders: dict[str, str]
    doubt: str
    confidence: str


def rows(profile: Profile, reading: Reading, ratios: Ratios) -> Iterator[Row]:
    """A row for each point of the profile, in its order."""
    values = {
        point.key: value
        for point in profile.points.values()
        if isinstance(value := reading.value(point, ratios), float) and not math.isnan(value)
    }
    doubtful = doubts(values, profile.points.values(), ratios, profile.name)
    for point in profile.points.values():
        registers = reading.registers.get(point.key)
        raw = " ".join(f"{word:04X}" for word in registers) if registers is not None else ""
        value = reading.value(point, ratios)
        yield Row(
            point.key,
            f"{point.function}: 0x{point.address:04X}",
            raw,
            value if isinstance(value, str) else "" if math.isnan(value) else f"{value:.10g}",
            point.unit,
            in_every_order(point, registers, ratios) if registers is not None and not point.is_text else {},
            reading.refused.get(point.key) or doubtful.get(point.key, ""),
            point.confidence,
        )


def general_doubts(profile: Profile, reading: Reading, ratios: Ratios) -> list[str]:
    """What does not hang together between the points."""
    values = {
        point.key: value
        for point in profile.points.values()
        if isinstance(value := reading.value(point, ratios), float) and not math.isnan(value)
    }
    return [words for check, words in doubts(values, profile.points.values(), ratios, profile.name).items()
            if check not in profile.points]  # fmt: skip


def in_every_order(point: MappedPoint, registers: Registers, ratios: Ratios) -> dict[str, str]:
    """The value of `point` under each order of words and bytes: `unsigned / signed` for integers that differ."""
    if point.bit is not None or point.byte is not None or point.function in (1, 2):
        return {}
    orders = ORDERS if point.words > 1 else {"ABCD": ORDERS["ABCD"], "BADC": ORDERS["BADC"]}
    return {name: _both_signs(point, registers, ratios, *order) for name, order in orders.items()}


def _both_signs(point: MappedPoint, registers: Registers, ratios: Ratios, words: str, in_word: str) -> str:
    unsigned = _UNSIGNED.get(point.type, point.type)
    types = [unsigned, _SIGNED[unsigned]] if unsigned in _SIGNED else [point.type]
    told: list[str] = []
    for data_type in types:
        variant = replace(point, type=data_type, word_order=words, byte_order=in_word, invalid=())
        value = Readout([variant], point.address, ratios).values(registers)[0]
        told.append("-" if math.isnan(value) else f"{value:.7g}")
    return " / ".join(dict.fromkeys(told))
