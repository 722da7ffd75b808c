"""The electrical network of a plant: power up the tree, voltage down it, currents and angles from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub_simulator.description import Circuit
from hub_simulator.loads import ORDERS, Loads, Watts, capacitor_steps
from hub_simulator.noise import Floats, seeds, wander
from hub_simulator.worktime import Moment


@dataclass(frozen=True, slots=True)
class Electrical:
    """One instant of every circuit; arrays of shape (circuits, 3) unless said otherwise.

    `active` W and `reactive` var are whole numbers, and a circuit carries exactly what the circuits below it take plus
    `loss` (W). `voltage` is between phase and neutral, V; `frequency` Hz. `load_va` is shape (loads,), the loads' VA.
    """

    active: Watts
    reactive: Watts
    loss: Watts
    voltage: Floats
    frequency: float
    load_va: Floats

    @property
    def apparent(self) -> Floats:
        """VA per phase: the root of active² + reactive²."""
        return np.hypot(self.active, self.reactive)

    @property
    def current(self) -> Floats:
        """A per phase."""
        return self.apparent / self.voltage

    @property
    def angle(self) -> Floats:
        """Degrees by which the current lags its voltage, per phase, -180 to 180."""
        return np.degrees(np.arctan2(self.reactive, self.active))

    @property
    def line_voltage(self) -> Floats:
        """V between l1-l2, l2-l3 and l3-l1; the phases stand 120 degrees apart."""
        here, ahead = self.voltage, np.roll(self.voltage, -1, axis=1)
        return np.sqrt(here**2 + ahead**2 + here * ahead)

    @property
    def neutral(self) -> Floats:
        """A in the neutral, shape (circuits,): the vector sum of the phase currents."""
        turn = np.radians(np.array([0.0, -120.0, 120.0]) - self.angle)
        total: Floats = np.abs((self.current * np.exp(1j * turn)).sum(axis=1))
        return total


class Network:
    """The tree of circuits with the loads at its ends."""

    def __init__(self, circuits: Sequence[Circuit], seed: int) -> None:
        self.index = {circuit.key: i for i, circuit in enumerate(circuits)}
        self._parent = np.array([self.index[c.parent] if c.parent else -1 for c in circuits], np.intp)
        self._levels = _levels(self._parent)
        self._rating = _rated_va(circuits, self._parent)
        self._loss = np.array([circuit.loss for circuit in circuits])
        self._idle_loss = np.rint(np.array([c.idle_loss for c in circuits]) * 1000 / 3).astype(np.int64)
        self._nominal = _nominal_voltage(circuits, self._parent)
        self._load_at = np.array([i for i, c in enumerate(circuits) if c.kind], np.intp)
        ends = [circuits[i] for i in self._load_at]
        self.loads = Loads(
            [c.kind for c in ends], [c.pattern for c in ends], [c.rating for c in ends], [c.phases for c in ends], seed
        )
        self._below = _descendants(self._parent)[:, self._load_at]
        self._seeds = seeds(seed ^ 0x5F, 4)
        self.open = np.zeros(len(circuits), np.bool_)
        """Circuits whose breaker is open: what is below them takes nothing."""

    def at(self, at_ms: int, now: Moment, compressors: Floats) -> Electrical:
        """The network at `at_ms`; `compressors` is what the air wants of each compressor, 0 to 1."""
        active, reactive = self.loads.power(at_ms, now, compressors)
        if self.open.any():
            off = self._below[self.open].any(axis=0)
            active[off], reactive[off] = 0, 0
        self._compensate(active, reactive)
        power, var, loss = self._sum(active, reactive)
        voltage, frequency = self._voltages(at_ms, power, var)
        return Electrical(power, var, loss, voltage, frequency, np.hypot(active, reactive).sum(axis=1))

    def rating(self, circuit: int) -> float:
        """Rated VA of a circuit."""
        return float(self._rating[circuit])

    def harmonic_currents(self, now: Electrical, circuit: int) -> Floats:
        """Harmonic currents of orders 2 to 63 in percent of the fundamental, shape (3, 62)."""
        parts = now.load_va * self._below[circuit]
        total = max(float(parts.sum()), 1.0)
        share = (parts @ self.loads.spectrum) / total
        diversity = 1 - 0.25 * (np.count_nonzero(parts) > 1) * np.minimum(1.0, ORDERS / 25)
        phases = np.array([1.0, 0.96, 1.05])[:, None]
        percent: Floats = 100 * phases * share * diversity
        return percent

    def harmonic_voltages(self, now: Electrical, circuit: int) -> Floats:
        """Harmonic voltages of orders 2 to 63 in percent of the fundamental, shape (3, 62).

        They are what the currents of the whole transformer cause across its leakage reactance.
        """
        top = circuit
        while self._parent[top] >= 0 and self._nominal[self._parent[top]] == self._nominal[circuit]:
            top = int(self._parent[top])
        loading = now.apparent[top][:, None] / (self._rating[top] / 3)
        caused: Floats = self.harmonic_currents(now, top) * ORDERS * 0.06 * np.minimum(loading, 1.5) * _DAMPING
        return caused + _BACKGROUND

    def _compensate(self, active: Watts, reactive: Watts) -> None:
        banks = self.loads.capacitor
        if not len(banks):
            return
        heads = self._parent[self._load_at[banks]]
        for bank, head in zip(banks, heads, strict=True):
            below = self._below[head]
            wanted = reactive[below].sum() - 0.3 * max(int(active[below].sum()), 0)
            rating = np.array([self._rating[self._load_at[bank]]])
            given = float(capacitor_steps(np.array([wanted]), rating)[0])
            reactive[bank] = -round(given / 3)
            active[bank] = round(0.002 * given / 3)

    def _sum(self, active: Watts, reactive: Watts) -> tuple[Watts, Watts, Watts]:
        n = len(self._parent)
        power, var, loss = (np.zeros((n, 3), np.int64) for _ in range(3))
        power[self._load_at], var[self._load_at] = active, reactive
        for level in reversed(self._levels):
            loading2 = (power[level] / 1.0) ** 2 + (var[level] / 1.0) ** 2
            rated = np.maximum(self._rating[level, None] / 3, 1.0)
            lost = np.rint(self._loss[level, None] * loading2 / rated).astype(np.int64) + self._idle_loss[level, None]
            loss[level] = lost
            power[level] += lost
            var[level] += 4 * lost * (self._idle_loss[level, None] > 0)
            up = self._parent[level]
            np.add.at(power, up[up >= 0], power[level][up >= 0])
            np.add.at(var, up[up >= 0], var[level][up >= 0])
        return power, var, loss

    def _voltages(self, at_ms: int, power: Watts, var: Watts) -> tuple[Floats, float]:
        calm, quick = wander(self._seeds, at_ms, 900), wander(self._seeds, at_ms, 11)
        grid = 1 + 0.012 * calm[:3].mean() + 0.003 * calm[:3] + 0.0006 * quick[:3]
        frequency = 50 + 0.018 * float(calm[3]) + 0.006 * float(quick[3])
        voltage = self._nominal[:, None] * grid
        drop = 0.2 * self._loss[:, None] * power + 1.5 * self._loss[:, None] * np.maximum(var, 0)
        share = drop / np.maximum(self._rating[:, None] / 3, 1.0)
        sag = np.zeros_like(voltage)
        for level in self._levels[1:]:
            up = self._parent[level]
            sag[level] = sag[up] + share[up]
        return voltage * (1 - np.minimum(sag, 0.15)), frequency


_DAMPING = np.where(ORDERS > 25, 0.5, 1.0)
_BACKGROUND = np.where(ORDERS % 2 == 1, 0.9 / ORDERS**1.2, 0.08 / ORDERS)


def _levels(parent: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Rows of the tree by depth, the roots first."""
    depth = np.zeros(len(parent), np.intp)
    for i, up in enumerate(parent):
        depth[i] = depth[up] + 1 if up >= 0 else 0
    return [np.flatnonzero(depth == d) for d in range(int(depth.max(initial=0)) + 1)]


def _descendants(parent: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Shape (n, n): whether the column's circuit is the row's circuit or below it."""
    below = np.eye(len(parent), dtype=np.bool_)
    for i in range(len(parent) - 1, -1, -1):
        if parent[i] >= 0:
            below[parent[i]] |= below[i]
    return below


def _nominal_voltage(circuits: Sequence[Circuit], parent: NDArray[np.intp]) -> Floats:
    nominal = np.zeros(len(circuits))
    for i, circuit in enumerate(circuits):
        nominal[i] = (
            circuit.voltage / np.sqrt(3) if circuit.voltage else nominal[parent[i]] if parent[i] >= 0 else 230.94
        )
    return nominal


def _rated_va(circuits: Sequence[Circuit], parent: NDArray[np.intp]) -> Floats:
    rated = np.array([circuit.rating * 1000.0 for circuit in circuits])
    for i in range(len(circuits) - 1, -1, -1):
        if not circuits[i].rating:
            rated[i] = max(float(rated[parent == i].sum()), 1000.0)
    return rated
