"""Harmonics of one quantity: values by order and phase, totals, and the limits of public supply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, sqrt

from hub.core.state import NEVER, StateTable
from hub.web.blocks import Found
from hub.web.cells import NAN
from hub.web.points import PHASES

LEVELS = (
    (1.0, "0.38 kV", 4.0, 2.0),
    (20.0, "6–10 kV", 3.2, 1.6),
    (100.0, "35–66 kV", 2.4, 1.2),
    (1e9, "110 kV", 1.6, 0.8),
)
"""GB/T 14549-1993, table 1: line voltage up to (kV), name, limit of odd and of even voltage harmonics in percent."""


@dataclass(frozen=True, slots=True)
class Harmonics:
    """Percent of the fundamental by order; `values` has one list a phase, NaN for what was never read.

    `limits` holds a limit for each order, empty for a quantity without; `level` names the voltage they are for.
    """

    quantity: str
    phases: tuple[str, ...]
    orders: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]
    limits: tuple[float, ...] = ()
    level: str = ""

    def totals(self, phase: int, orders: Iterable[int]) -> float:
        """Root of the sum of squares over `orders`, percent; NaN when none of them is known."""
        wanted = set(orders)
        known = [v for order, v in zip(self.orders, self.values[phase], strict=True) if order in wanted and isfinite(v)]
        return sqrt(sum(value * value for value in known)) if known else NAN


def quantities(found: Found) -> list[str]:
    """Which of `current` and `voltage` have harmonics, in that order."""
    present = {p.quantity for p, _ in found if p.order}
    return [name for name in ("current", "voltage") if f"harmonic_{name}" in present]


def harmonics(found: Found, state: StateTable, quantity: str, line_kv: float) -> Harmonics:
    """The harmonics of `quantity` (`current` or `voltage`); `line_kv` is the line voltage, NaN when unknown."""
    rows = {(p.phase, p.order): e.row for p, e in found if p.order and p.quantity == f"harmonic_{quantity}"}
    phases = tuple(place for place in (*PHASES, "n", "") if any(phase == place for phase, _ in rows))
    orders = tuple(sorted({order for _, order in rows}))
    values = tuple(tuple(_value(state, rows.get((phase, order))) for order in orders) for phase in phases)
    if quantity != "voltage" or not isfinite(line_kv):
        return Harmonics(quantity, phases, orders, values)
    _, level, odd, even = next(each for each in LEVELS if line_kv <= each[0])
    return Harmonics(quantity, phases, orders, values, tuple(odd if order % 2 else even for order in orders), level)


def _value(state: StateTable, row: int | None) -> float:
    return float(state.value[row]) if row is not None and state.at[row] != NEVER else NAN
