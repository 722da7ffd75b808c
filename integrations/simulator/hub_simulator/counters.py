"""What a plant adds up: energy in whole watt-milliseconds, fifteen-minute demand, extremes, months and tariffs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub_simulator.noise import Floats
from hub_simulator.worktime import Tariff

PER_UNIT = 3_600_000_000
"""Watt-milliseconds in a kWh; equally, thousandths of a unit an hour times ms in one unit of a flow."""

DEMAND_MS = 15 * 60_000

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Count:
    """A counter's exact content: `amount / per_unit` units."""

    amount: int
    per_unit: int = PER_UNIT

    @property
    def value(self) -> float:
        """The content in units, as near as a float comes."""
        return self.amount / self.per_unit


class Total:
    """Integrals of whole-number rates, shape (n,) or (n, k): `amount` grows by rate × ms, exactly."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.amount: Ints = np.zeros(shape, np.int64)

    def add(self, rate: Ints, ms: int) -> None:
        """Let `rate` last for `ms`; negative rates count nothing."""
        self.amount += np.maximum(rate, 0) * ms


class Demand:
    """Mean of quantities over the last fifteen minutes, renewed every minute, and the largest of them with its time.

    `now`, `before` (the fifteen minutes before those) and `greatest` are shape (n, k); `greatest_at` (ms UTC) belongs
    to `greatest`, which starts anew each month.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.now: Floats = np.zeros(shape)
        self.before: Floats = np.zeros(shape)
        self.greatest: Floats = np.zeros(shape)
        self.greatest_at: Ints = np.zeros(shape, np.int64)
        self._sum: Floats = np.zeros(shape)
        self._marks: list[tuple[int, Floats]] = []

    def add(self, quantities: Floats, start_ms: int, end_ms: int) -> None:
        """Let `quantities`, shape (n, k), last from `start_ms` to `end_ms`."""
        if not self._marks:
            self._marks.append((start_ms, self._sum.copy()))
        self._sum += quantities * ((end_ms - start_ms) / 1000)
        if end_ms // 60_000 == start_ms // 60_000:
            return
        self._marks.append((end_ms, self._sum.copy()))
        while len(self._marks) > 2 and self._marks[1][0] <= end_ms - 2 * DEMAND_MS:
            self._marks.pop(0)
        middle = max(i for i, (at, _) in enumerate(self._marks[:-1]) if i == 0 or at <= end_ms - DEMAND_MS)
        self.now = _mean(self._marks[middle], self._marks[-1])
        if middle:
            self.before = _mean(self._marks[0], self._marks[middle])
        larger = self.now > self.greatest
        if end_ms - self._marks[middle][0] >= DEMAND_MS:
            self.greatest[larger] = self.now[larger]
            self.greatest_at[larger] = end_ms

    def new_month(self) -> None:
        """Forget the greatest demand."""
        self.greatest[:] = 0.0
        self.greatest_at[:] = 0


def _mean(start: tuple[int, Floats], end: tuple[int, Floats]) -> Floats:
    return (end[1] - start[1]) / ((end[0] - start[0]) / 1000)


class Extremes:
    """Largest and smallest instantaneous values of the month, shape (n, k) each."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.largest: Floats = np.full(shape, -np.inf)
        self.smallest: Floats = np.full(shape, np.inf)

    def add(self, quantities: Floats) -> None:
        """Take notice of one instant."""
        np.maximum(self.largest, quantities, out=self.largest)
        np.minimum(self.smallest, quantities, out=self.smallest)

    def new_month(self) -> None:
        """Start anew."""
        self.largest[:], self.smallest[:] = -np.inf, np.inf


class TariffRegister:
    """Imported energy by tariff period (total, T1..T4), shape (n, 5), and where it stood at the start of 13 months.

    `starts[0]` is the start of this month, `starts[k]` that of the month k months back.
    """

    MONTHS = 13

    def __init__(self, n: int) -> None:
        self.amount: Ints = np.zeros((n, 5), np.int64)
        self.starts: Ints = np.zeros((self.MONTHS, n, 5), np.int64)

    def add(self, rate: Ints, ms: int, period: Tariff) -> None:
        """Count `rate`, W, shape (n,), for `ms` into the total and into `period`."""
        energy = np.maximum(rate, 0) * ms
        self.amount[:, 0] += energy
        self.amount[:, 1 + period] += energy

    def new_month(self) -> None:
        """Close the month."""
        self.starts[1:] = self.starts[:-1].copy()
        self.starts[0] = self.amount

    def month(self, back: int) -> Ints:
        """Energy of the month `back` months ago (0 is the running one), shape (n, 5); `back` up to 12."""
        end: Ints = self.amount if back == 0 else self.starts[back - 1]
        energy: Ints = end - self.starts[back]
        return energy


Register = Total | Demand | Extremes | TariffRegister


def saved(parts: Mapping[str, Register]) -> dict[str, NDArray[np.generic]]:
    """Everything a plant remembers, as named arrays."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, part in parts.items():
        for field, value in vars(part).items():
            if isinstance(value, np.ndarray):
                arrays[f"{name}.{field}"] = value
    return arrays


def restore(
    parts: Mapping[str, Total | Demand | Extremes | TariffRegister], arrays: Mapping[str, NDArray[np.generic]]
) -> None:
    """Put back what `saved` gave. Raises KeyError or ValueError when it belongs to another plant."""
    for name, part in parts.items():
        for field, value in vars(part).items():
            if isinstance(value, np.ndarray):
                kept = arrays[f"{name}.{field}"]
                if kept.shape != value.shape:
                    raise ValueError(f"{name}.{field}: {kept.shape} kept, {value.shape} needed")
                value[...] = kept
