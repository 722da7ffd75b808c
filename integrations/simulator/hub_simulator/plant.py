"""A plant in time: the network and the media at this instant, and everything its meters have added up so far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hub_simulator.counters import Demand, Extremes, TariffRegister, Total, restore, saved
from hub_simulator.description import Description
from hub_simulator.media import Media, Rates, compressor_shares
from hub_simulator.network import Electrical, Network
from hub_simulator.noise import Floats, seeds, uniform
from hub_simulator.worktime import Moment, moment, tariff

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000

_STRIDES = ((_HOUR_MS, _MINUTE_MS), (48 * _HOUR_MS, 15 * _MINUTE_MS))
"""How an absence is made up for: one of up to an hour in minutes, of up to two days in quarters of an hour."""

DEMANDS = ("current_l1", "current_l2", "current_l3", "active_power", "reactive_power", "apparent_power")
"""The columns of `Plant.demand`: A, kW, kvar, kVA."""

EXTREMES = (
    "voltage_l1", "voltage_l2", "voltage_l3", "voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1",
    "current_l1", "current_l2", "current_l3", "active_power_l1", "active_power_l2", "active_power_l3", "active_power",
    "reactive_power_l1", "reactive_power_l2", "reactive_power_l3", "reactive_power",
    "apparent_power_l1", "apparent_power_l2", "apparent_power_l3", "apparent_power", "power_factor", "frequency",
    "current",
)  # fmt: skip
"""The columns of `Plant.extremes`: V, A, kW, kvar, kVA, Hz."""


class Plant:
    """Steps to the times it is given; two plants of one description given the same times are equal to the last bit.

    `imported` and `exported` hold W·ms per circuit and phase, `reactive_import` and `reactive_export` var·ms,
    `apparent` VA·ms, `passed` the flows' thousandths an hour × ms: `counters.PER_UNIT` of them are one kWh, kvarh, m³,
    t or piece.
    """

    def __init__(self, description: Description, at_ms: int) -> None:
        self.description = description
        self.network = Network(description.circuits, description.seed)
        self.media = Media(description.flows, description.seed)
        self.at_ms = at_ms
        n = len(description.circuits)
        self.imported, self.exported = Total((n, 3)), Total((n, 3))
        self.reactive_import, self.reactive_export = Total((n, 3)), Total((n, 3))
        self.quadrants, self.apparent = Total((n, 4)), Total((n, 3))
        self.passed = Total((len(description.flows),))
        self.tariffs = TariffRegister(n)
        self.demand = Demand((n, len(DEMANDS)))
        self.extremes = Extremes((n, len(EXTREMES)))
        self._capacity = np.array([c.air_capacity for c in description.circuits if c.kind == "compressor"])
        self._air = next((i for i, flow in enumerate(description.flows) if flow.key == "air_main"), None)
        self.now, self.electrical, self.rates = self._look(at_ms)

    def step(self, at_ms: int) -> None:
        """Let the present state last until `at_ms`, count it, and look again; time never runs backwards.

        An absence of more than a minute is made up for in coarser steps, on multiples of their length.
        """
        while self.at_ms < at_ms:
            ahead = at_ms - self.at_ms
            if ahead <= _MINUTE_MS:
                self._count(at_ms)
            else:
                stride = next((stride for limit, stride in _STRIDES if ahead <= limit), _HOUR_MS)
                self._count(self.at_ms + stride - self.at_ms % stride)

    def run_in(self, from_ms: int, at_ms: int) -> None:
        """First start: give every counter a past, and live from `from_ms` to `at_ms`.

        The past is a year of months at the plant's own weekly mean, with some years more before it.
        """
        imported, exported, reactive, passed = self._mean_week(from_ms)
        rows = seeds(self.description.seed ^ 0xA6E, len(imported))
        months = np.array([_season(self.now.month - 1 - back) for back in range(TariffRegister.MONTHS - 1)])
        hours = 730 * (months.sum() + 12 * (0.5 + 4 * uniform(rows)))
        self.imported.amount += _whole(imported.sum(axis=1), hours)
        self.exported.amount += _whole(exported, hours)
        self.reactive_import.amount += _whole(np.maximum(reactive, 0), hours)
        self.reactive_export.amount += _whole(np.maximum(-reactive, 0), hours)
        self.quadrants.amount[:, 0] = self.reactive_import.amount.sum(axis=1)
        self.quadrants.amount[:, 3] = self.reactive_export.amount.sum(axis=1)
        self.apparent.amount += _whole(np.hypot(imported.sum(axis=1), reactive), hours)
        flow_rows = seeds(self.description.seed ^ 0xF7, len(passed))
        self.passed.amount += np.rint(passed * 8760 * (0.5 + 3 * uniform(flow_rows))).astype(np.int64) * _HOUR_MS
        self._past_tariffs(imported, months)
        self.at_ms = from_ms
        self.now, self.electrical, self.rates = self._look(from_ms)
        self.step(at_ms)

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """Everything that must survive a restart, as named arrays."""
        return {"at_ms": np.array([self.at_ms]), **saved(self._parts())}

    def remember(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from an earlier `memory`. Raises KeyError or ValueError when it belongs to another plant."""
        restore(self._parts(), arrays)
        self.at_ms = int(arrays["at_ms"][0])
        self.now, self.electrical, self.rates = self._look(self.at_ms)

    def set_imported(self, circuit: int, amount: int) -> None:
        """Make a circuit's imported energy `amount` W·ms in all, as when a meter is preset."""
        change = amount - int(self.imported.amount[circuit].sum())
        self.imported.amount[circuit, 0] += change
        self.tariffs.amount[circuit, 0] += change
        self.tariffs.starts[:, circuit, 0] += change

    def _parts(self) -> dict[str, Total | Demand | Extremes | TariffRegister]:
        parts = (Total, Demand, Extremes, TariffRegister)
        return {name: value for name, value in vars(self).items() if isinstance(value, parts)}

    def _look(self, at_ms: int) -> tuple[Moment, Electrical, Rates]:
        now = moment(at_ms, self.description.zone)
        rates = self.media.at(at_ms, now)
        air = float(rates[self._air]) / 1000 if self._air is not None else 0.0
        wanted = compressor_shares(air, self._capacity) if len(self._capacity) else np.zeros(0)
        return now, self.network.at(at_ms, now, wanted), rates

    def _count(self, at_ms: int) -> None:
        ms, electrical = at_ms - self.at_ms, self.electrical
        active, reactive = electrical.active, electrical.reactive
        self.imported.add(active, ms)
        self.exported.add(-active, ms)
        self.reactive_import.add(reactive, ms)
        self.reactive_export.add(-reactive, ms)
        self.quadrants.add(_by_quadrant(active.sum(axis=1), reactive.sum(axis=1)), ms)
        self.apparent.add(np.rint(electrical.apparent).astype(np.int64), ms)
        self.passed.add(self.rates, ms)
        self.tariffs.add(np.maximum(active, 0).sum(axis=1), ms, tariff(self.now))
        quantities = extreme_quantities(electrical)
        self.extremes.add(quantities)
        self.demand.add(quantities[:, _DEMAND_COLUMNS], self.at_ms, at_ms)
        month = self.now.month
        self.at_ms = at_ms
        self.now, self.electrical, self.rates = self._look(at_ms)
        if self.now.month != month:
            self.tariffs.new_month()
            self.demand.new_month()
            self.extremes.new_month()

    def _mean_week(self, until_ms: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Mean import, W, shape (n, 4) by tariff; export, W, and reactive, var, (n,); flows in thousandths an hour."""
        n = len(self.description.circuits)
        imported, exported, reactive = np.zeros((n, 4)), np.zeros(n), np.zeros(n)
        passed = np.zeros(len(self.description.flows))
        for hour in range(168):
            now, electrical, rates = self._look(until_ms - hour * _HOUR_MS - 1)
            active = electrical.active.sum(axis=1)
            imported[:, tariff(now)] += np.maximum(active, 0) / 168
            exported += np.maximum(-active, 0) / 168
            reactive += electrical.reactive.sum(axis=1) / 168
            passed += rates / 168
        return imported, exported, reactive, passed

    def _past_tariffs(self, imported: Floats, months: Floats) -> None:
        register = self.tariffs
        total = self.imported.amount.sum(axis=1)
        shares = imported / np.maximum(imported.sum(axis=1, keepdims=True), 1e-9)
        register.amount[:, 1:] = np.floor(total[:, None] * shares).astype(np.int64)
        register.amount[:, 0] = total
        register.amount[:, 3] += total - register.amount[:, 1:].sum(axis=1)
        register.starts[0] = register.amount
        for back, weight in enumerate(months, start=1):
            energy = np.rint(imported * 730 * weight).astype(np.int64) * _HOUR_MS
            register.starts[back, :, 1:] = register.starts[back - 1, :, 1:] - energy
            register.starts[back, :, 0] = register.starts[back, :, 1:].sum(axis=1)


def extreme_quantities(now: Electrical) -> Floats:
    """The quantities whose extremes meters keep, columns as in EXTREMES, one row per circuit."""
    active, reactive = now.active / 1000, now.reactive / 1000
    apparent, current = now.apparent / 1000, now.current
    p, q = active.sum(axis=1, keepdims=True), reactive.sum(axis=1, keepdims=True)
    s = np.hypot(p, q)
    factor = np.divide(p, s, out=np.ones_like(p), where=s > 0)
    frequency = np.full_like(p, now.frequency)
    mean = current.mean(axis=1, keepdims=True)
    lines = (now.voltage, now.line_voltage, current, active, p, reactive, q, apparent, s, factor, frequency, mean)
    return np.concatenate(lines, axis=1)


_DEMAND_COLUMNS = [EXTREMES.index(name) for name in DEMANDS]


def _by_quadrant(active: NDArray[np.int64], reactive: NDArray[np.int64]) -> NDArray[np.int64]:
    """Reactive power sorted into quadrants I to IV (IEC 62053-23 annex C), shape (n, 4)."""
    forward, lagging = active >= 0, reactive >= 0
    masks = (forward & lagging, ~forward & lagging, ~forward & ~lagging, forward & ~lagging)
    return np.abs(reactive)[:, None] * np.stack(masks, axis=1)


def _season(month: int) -> float:
    """Weight of a month, numbered as in Moment, against the mean: more in summer and deep winter."""
    return 1 + 0.09 * float(np.cos(2 * np.pi * (month % 12 - 6.5) / 6))


def _whole(mean: Floats, hours: Floats) -> NDArray[np.int64]:
    """`mean` W lasting `hours`, in whole W·ms, spread over three phases: shape (n, 3)."""
    per_phase = np.rint(mean * hours / 3).astype(np.int64) * _HOUR_MS
    return np.repeat(per_phase[:, None], 3, axis=1)
