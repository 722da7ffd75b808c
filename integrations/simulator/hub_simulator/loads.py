"""What consumers take: active and reactive power per phase as pure functions of the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hub_simulator.noise import Floats, seeds, uniform, wander
from hub_simulator.worktime import Moment, activity

Watts = NDArray[np.int64]
"""Power in whole W or var, shape (n, 3): one row per load, one column per phase."""

ORDERS = np.arange(2, 64)
"""Orders of the harmonics that meters report: 2 to 63."""


@dataclass(frozen=True, slots=True)
class LoadKind:
    """How a sort of consumer behaves.

    `power_factor` at full and at no load; `idle` the share taken while it is on but has no work; `slow` and `fast` the
    size of its wander over minutes and seconds; `cycle` seconds of an on-off cycle that is on for `duty` of it;
    `unbalance` between phases; `spectrum` harmonic currents of the orders named, as a share of the fundamental.
    """

    power_factor: tuple[float, float] = (0.88, 0.5)
    idle: float = 0.1
    slow: float = 0.08
    fast: float = 0.02
    cycle: float = 0.0
    duty: float = 1.0
    unbalance: float = 0.02
    spectrum: Mapping[int, float] = field(default_factory=dict)


_DRIVE = {5: 0.28, 7: 0.14, 11: 0.075, 13: 0.055, 17: 0.035, 19: 0.028, 23: 0.02, 25: 0.017, 29: 0.013, 31: 0.011}
_MOTOR = {3: 0.006, 5: 0.012, 7: 0.008, 11: 0.004}
_LIGHT = {3: 0.12, 5: 0.06, 7: 0.04, 9: 0.03, 11: 0.02, 13: 0.015, 15: 0.01}
_COMPUTER = {3: 0.2, 5: 0.11, 7: 0.07, 9: 0.045, 11: 0.03, 13: 0.02, 15: 0.014, 17: 0.01, 21: 0.006}
_WELDER = {2: 0.02, 3: 0.14, 4: 0.012, 5: 0.16, 7: 0.09, 9: 0.04, 11: 0.05, 13: 0.03, 17: 0.015}

KINDS: dict[str, LoadKind] = {
    "press": LoadKind((0.82, 0.45), idle=0.22, slow=0.1, fast=0.22, spectrum=_DRIVE),
    "welder": LoadKind((0.72, 0.5), idle=0.08, fast=0.35, cycle=24, duty=0.7, unbalance=0.12, spectrum=_WELDER),
    "drive": LoadKind((0.94, 0.7), idle=0.12, spectrum=_DRIVE),
    "motor": LoadKind((0.87, 0.35), idle=0.15, spectrum=_MOTOR),
    "machine": LoadKind((0.83, 0.5), idle=0.25, fast=0.12, cycle=95, duty=0.75, spectrum=_DRIVE),
    "furnace": LoadKind((0.985, 0.97), idle=0.3, fast=0.01, cycle=180, duty=0.78, spectrum={5: 0.03, 7: 0.02}),
    "compressor": LoadKind((0.89, 0.42), idle=0.3, slow=0.02, spectrum=_MOTOR),
    "pump": LoadKind((0.88, 0.5), idle=0.3, slow=0.05, spectrum=_DRIVE),
    "lighting": LoadKind((0.96, 0.9), idle=0.5, slow=0.02, fast=0.005, unbalance=0.08, spectrum=_LIGHT),
    "office": LoadKind((0.95, 0.88), idle=0.3, slow=0.12, fast=0.04, unbalance=0.1, spectrum=_COMPUTER),
    "rectifier": LoadKind((0.93, 0.8), idle=0.02, slow=0.04, spectrum=_DRIVE),
    "solar": LoadKind((0.998, 0.98), idle=0.0, slow=0.25, fast=0.03, spectrum={3: 0.01, 5: 0.015, 7: 0.01}),
    "capacitor": LoadKind((1.0, 1.0), idle=1.0, slow=0.0, fast=0.0, unbalance=0.003),
}
"""The sorts of consumers a plant description can name. `solar` feeds in; `capacitor` follows the reactive load."""

_START_SECONDS = 6.0
_COMPRESSOR_CYCLE = 420.0


class Loads:
    """All consumers of a plant as columns; asked for any time, they always answer the same for that time."""

    def __init__(
        self, kinds: Sequence[str], patterns: Sequence[str], ratings: Sequence[float], phases: Sequence[str], seed: int
    ) -> None:
        self.kinds = [KINDS[kind] for kind in kinds]
        n = len(self.kinds)
        self._patterns = sorted({pattern for pattern in patterns if pattern})
        self._pattern = np.array([self._patterns.index(pattern) if pattern else 0 for pattern in patterns], np.intp)
        self._rating = np.array(ratings) * 1000.0
        self._seeds = seeds(seed, n)
        self._shares = _phase_shares(self.kinds, phases, self._seeds)
        self._idle = np.array([kind.idle for kind in self.kinds])
        self._slow = np.array([kind.slow for kind in self.kinds])
        self._fast = np.array([kind.fast for kind in self.kinds])
        self._cycle = np.array([kind.cycle or 1.0 for kind in self.kinds])
        self._duty = np.array([kind.duty if kind.cycle else 2.0 for kind in self.kinds])
        self._factor = np.array([kind.power_factor for kind in self.kinds])
        self._sign = np.where(np.array(kinds) == "solar", -1.0, 1.0)
        self.compressor = np.flatnonzero(np.array(kinds) == "compressor")
        self.capacitor = np.flatnonzero(np.array(kinds) == "capacitor")
        self.spectrum = np.array([[kind.spectrum.get(int(order), 0.0) for order in ORDERS] for kind in self.kinds])

    def power(self, at_ms: int, now: Moment, compressors: Floats) -> tuple[Watts, Watts]:
        """Active and reactive power, W and var, shape (n, 3) each.

        `compressors` is how much of each compressor the air network wants, 0 to 1. Capacitors come out as zero: the
        network switches them by what is left to compensate.
        """
        levels = np.array([activity(pattern, now) for pattern in self._patterns])
        wanted = levels[self._pattern] if len(levels) else np.zeros(len(self.kinds))
        share, boost = self._levels(at_ms, wanted, compressors)
        share[self.capacitor] = 0.0
        active = self._rating * share * self._sign
        factor = self._factor[:, 1] + (self._factor[:, 0] - self._factor[:, 1]) * np.clip(share, 0.0, 1.0)
        reactive = np.abs(active) * (np.sqrt(1 - factor**2) / factor) + boost * self._rating
        reactive[self.capacitor] = 0.0
        split = self._shares * (1 + 0.01 * wander(self._seeds ^ np.uint64(5), at_ms, 40))[:, None]
        return np.rint(active[:, None] * split).astype(np.int64), np.rint(reactive[:, None] * split).astype(np.int64)

    def _levels(self, at_ms: int, wanted: Floats, compressors: Floats) -> tuple[Floats, Floats]:
        phase = (at_ms / 1000 / self._cycle + uniform(self._seeds, 3)) % 1.0
        working = phase < self._duty
        share = wanted * (self._idle + (1 - self._idle) * working)
        boost = np.zeros(len(share))
        runs, idles, starts = _compressor_states(at_ms, compressors, self._seeds[self.compressor])
        share[self.compressor] = runs + idles * self._idle[self.compressor] + starts * 0.7
        boost[self.compressor] = starts * 2.2
        move = (
            1 + self._slow * wander(self._seeds, at_ms, 600) + self._fast * wander(self._seeds ^ np.uint64(9), at_ms, 5)
        )
        return share * np.maximum(move, 0.0), boost


def capacitor_steps(wanted: Floats, rating: Floats, steps: int = 10) -> Floats:
    """Reactive power, var, that banks of `rating` var give when `wanted` var are to be compensated in whole steps."""
    step = rating / steps
    return np.clip(np.floor(wanted / step), 0, steps) * step


def _compressor_states(at_ms: int, wanted: Floats, of: NDArray[np.uint64]) -> tuple[Floats, Floats, Floats]:
    """Loaded, unloaded and starting, 0 or 1: each loads for its share of a cycle, idles a little, then stands still."""
    phase = (at_ms / 1000 / _COMPRESSOR_CYCLE + uniform(of, 1)) % 1.0
    starting = (phase * _COMPRESSOR_CYCLE < _START_SECONDS) & (wanted > 0.02) & (wanted < 0.88)
    loaded = phase < wanted
    idling = ~loaded & (phase < wanted + 0.12) & (wanted > 0.02)
    return loaded.astype(np.float64), idling.astype(np.float64), starting.astype(np.float64)


def _phase_shares(kinds: Sequence[LoadKind], phases: Sequence[str], of: NDArray[np.uint64]) -> Floats:
    spread = np.array([kind.unbalance for kind in kinds])
    shares = np.stack([1 + spread * (uniform(of, 10 + phase) * 2 - 1) for phase in range(3)], axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    for row, phase in enumerate(phases):
        if phase != "all":
            shares[row] = np.arange(3) == int(phase[1]) - 1
    return shares
