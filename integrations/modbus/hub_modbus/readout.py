"""Registers to values, a whole block at once: compiled for the points of one request, run with numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub_modbus.registers import DataType, MappedPoint, Ratios

Registers = NDArray[np.uint16]
Values = NDArray[np.float64]

_SAFE = 1 << 53
_VIEWS: dict[DataType, str] = {
    DataType.U16: "<u2", DataType.S16: "<i2", DataType.U32: "<u4", DataType.S32: "<i4", DataType.U64: "<u8",
    DataType.S64: "<i8", DataType.F32: "<f4", DataType.F64: "<f8", DataType.BCD16: "<u2", DataType.BCD32: "<u4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Group:
    """Points of one type in one block: where their registers lie, least significant first, and where they go."""

    type: DataType
    places: NDArray[np.intp]
    swapped: NDArray[np.bool_] | None
    targets: NDArray[np.intp]
    shifts: Registers | None
    masks: Registers | None


class Readout:
    """Turns the registers from `address` on into values of `points`, in their order; texts are left out.

    value = (raw * a + b) / c with whole a, b, c, so that a decimal comes out to its last digit: 2301 at scale 0.1 is
    230.1. What is no value (a declared invalid raw value, not-a-number, a BCD digit above 9) comes out as NaN.
    """

    def __init__(self, points: Sequence[MappedPoint], address: int, ratios: Ratios) -> None:
        self.points = [point for point in points if not point.is_text]
        self.address = address
        self._groups = _groups(self.points, address)
        linear = [_linear(point, ratios) for point in self.points]
        self._times = np.array([row[0] for row in linear], dtype=np.float64)
        self._plus = np.array([row[1] for row in linear], dtype=np.float64)
        self._over = np.array([row[2] for row in linear], dtype=np.float64)
        self._invalid = [
            (index, np.array(_as_raw(point), dtype=np.float64))
            for index, point in enumerate(self.points)
            if point.invalid
        ]

    def raw(self, registers: Registers) -> Values:
        """The numbers as they stand in the registers, before scale and ratio; shape (points,)."""
        raw = np.empty(len(self.points))
        for group in self._groups:
            raw[group.targets] = _gather(group, registers)
        for index, nothing in self._invalid:
            if raw[index] in nothing:
                raw[index] = np.nan
        return raw

    def values(self, registers: Registers) -> Values:
        """Engineering values, shape (points,); NaN where the meter says that it has none."""
        values = (self.raw(registers) * self._times + self._plus) / self._over
        values[~np.isfinite(values)] = np.nan
        return values


def text(point: MappedPoint, registers: Registers, address: int) -> str:
    """An ASCII point out of a block that starts at `address`, without its padding."""
    words = registers[point.address - address : point.end - address]
    data = words.astype("<u2" if point.byte_order == "little" else ">u2").tobytes()
    return data.split(b"\0")[0].decode("ascii", "replace").strip()


def shortest(values: NDArray[np.float32]) -> Values:
    """float32 as the shortest decimals that mean the same float32: 230.1, not 230.10000610351562; shape kept."""
    exact = values.astype(np.float64)
    with np.errstate(all="ignore"):
        digits = np.floor(np.log10(np.abs(exact)))
        best = exact.copy()
        undecided = np.isfinite(digits)
        for significant in (6, 7, 8):
            power = significant - 1 - digits
            up, down = 10.0 ** np.clip(power, 0, 22), 10.0 ** np.clip(-power, 0, 22)
            rounded = np.rint(exact * up / down) * down / up
            fits = undecided & (rounded.astype(np.float32) == values)
            best[fits] = rounded[fits]
            undecided &= ~fits
    return best


def _groups(points: Sequence[MappedPoint], address: int) -> list[_Group]:
    by_type: dict[DataType, list[int]] = {}
    for index, point in enumerate(points):
        by_type.setdefault(point.type, []).append(index)
    groups = []
    for data_type, indices in by_type.items():
        members = [points[index] for index in indices]
        places = np.array([_places(point, address) for point in members], dtype=np.intp)
        swapped = np.array([point.byte_order == "little" for point in members])
        parts = [_part(point) for point in members]
        whole = all(part == (0, 0xFFFF) for part in parts)
        groups.append(
            _Group(
                data_type, places, swapped if swapped.any() else None, np.array(indices, dtype=np.intp),
                None if whole else np.array([shift for shift, _ in parts], np.uint16),
                None if whole else np.array([mask for _, mask in parts], np.uint16),
            )
        )  # fmt: skip
    return groups


def _places(point: MappedPoint, address: int) -> list[int]:
    places = list(range(point.address - address, point.end - address))
    return places if point.word_order == "little" else places[::-1]


def _part(point: MappedPoint) -> tuple[int, int]:
    if point.bit is not None:
        return point.bit, 1
    if point.byte is not None:
        return (8, 0xFF) if point.byte == "high" else (0, 0xFF)
    return 0, 0xFFFF


def _gather(group: _Group, registers: Registers) -> Values:
    words = registers[group.places]
    if group.swapped is not None:
        words = np.where(group.swapped[:, None], words.byteswap(), words)
    raw = words.astype("<u2").view(_VIEWS[group.type])[:, 0]
    if group.shifts is not None and group.masks is not None:
        raw = (raw >> group.shifts) & group.masks
    if group.type is DataType.F32:
        return shortest(raw)
    if group.type in (DataType.BCD16, DataType.BCD32):
        return _bcd(raw.astype(np.uint64), 4 * group.type.words)
    return raw.astype(np.float64)


def _bcd(raw: NDArray[np.uint64], digits: int) -> Values:
    nibbles = (raw[:, None] >> np.arange(0, 4 * digits, 4, dtype=np.uint64)) & np.uint64(0xF)
    numbers = nibbles.astype(np.float64) @ (10.0 ** np.arange(digits))
    return np.where((nibbles > 9).any(axis=1), np.nan, numbers)


def _linear(point: MappedPoint, ratios: Ratios) -> tuple[float, float, float]:
    factor = ratios.factor(point.ratio)
    times, plus = point.scale * factor, point.offset * factor
    over = math.lcm(times.denominator, plus.denominator)
    if max(over, abs(times.numerator), abs(plus.numerator)) < _SAFE:
        return float(times * over), float(plus * over), float(over)
    return float(times), float(plus), 1.0


def _as_raw(point: MappedPoint) -> list[float]:
    """Declared invalid values as the type reads them: 0xFFFF of an s16 is -1."""
    if not point.type.signed:
        return [float(value) for value in point.invalid]
    top = 1 << (16 * point.words)
    return [float(value - top if value >= top // 2 else value) for value in point.invalid]


def linear(point: MappedPoint, ratios: Ratios) -> tuple[Fraction, Fraction]:
    """Factor and summand that take the raw number of `point` to its value."""
    factor = ratios.factor(point.ratio)
    return point.scale * factor, point.offset * factor


def as_registers(words: Any) -> Registers:
    """`words` as registers."""
    return np.asarray(words, dtype=np.uint16)
