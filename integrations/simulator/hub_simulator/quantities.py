"""What a meter can tell of a circuit, by point key: a function for each that gives the value of this instant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from hub_simulator.counters import Count, Total
from hub_simulator.loads import ORDERS
from hub_simulator.noise import Floats
from hub_simulator.plant import DEMANDS, EXTREMES, Plant
from hub_simulator.registers import Source

Sources = dict[str, Source]

_LINES = ("l1_l2", "l2_l3", "l3_l1")

_ELECTRICAL: tuple[tuple[str, Callable[[Plant], Floats]], ...] = (
    ("voltage", lambda plant: plant.electrical.voltage),
    ("current", lambda plant: plant.electrical.current),
    ("active_power", lambda plant: plant.electrical.active / 1000),
    ("reactive_power", lambda plant: plant.electrical.reactive / 1000),
    ("apparent_power", lambda plant: plant.electrical.apparent / 1000),
    ("angle_voltage", lambda plant: np.broadcast_to(_ANGLES, plant.electrical.voltage.shape)),
    ("angle_current", lambda plant: (_ANGLES - plant.electrical.angle) % 360),
)

_FUNDAMENTAL = ("active_", "reactive_", "apparent_", "power_")
_ANGLES: Floats = np.array([0.0, 240.0, 120.0])
_TURN = np.exp(2j * np.pi / 3)

_TOTALS: tuple[tuple[str, Callable[[Plant], Total]], ...] = (
    ("active_energy_import", lambda plant: plant.imported),
    ("active_energy_export", lambda plant: plant.exported),
    ("reactive_energy_import", lambda plant: plant.reactive_import),
    ("reactive_energy_export", lambda plant: plant.reactive_export),
    ("apparent_energy", lambda plant: plant.apparent),
)


def of_circuit(plant: Plant, circuit: int, phases: tuple[int, ...] = (0, 1, 2)) -> Sources:
    """Everything about one circuit. `phases` are the columns that the meter calls l1, l2, l3; or one column for l1."""
    sources: Sources = {}
    for name, values in _ELECTRICAL:
        for place, phase in enumerate(phases, start=1):
            sources[f"{name}_l{place}"] = partial(_at, plant, values, circuit, phase)
    for name, totals in _TOTALS:
        sources[name] = partial(_counted, plant, totals, circuit, phases)
        for place, phase in enumerate(phases, start=1):
            sources[f"{name}_l{place}"] = partial(_counted, plant, totals, circuit, (phase,))
    for place, name in enumerate(_LINES):
        sources[f"voltage_{name}"] = partial(_at, plant, lambda p: p.electrical.line_voltage, circuit, place)
    for place, phase in enumerate(phases, start=1):
        sources[f"power_factor_l{place}"] = partial(_power_factor, plant, circuit, (phase,))
    sources |= _sums(plant, circuit, phases) | _sequences(plant, circuit)
    return sources | {f"fundamental_{key}": source for key, source in sources.items() if key.startswith(_FUNDAMENTAL)}


def _sequences(plant: Plant, circuit: int) -> Sources:
    """Symmetrical components and unbalance (negative over positive sequence, percent) of voltage and current."""
    sources: Sources = {}
    for quantity in ("voltage", "current"):
        for place, name in enumerate(("zero", "positive", "negative")):
            sources[f"{quantity}_{name}_sequence"] = partial(_sequence, plant, circuit, quantity, place)
        sources[f"{quantity}_unbalance"] = partial(_unbalance, plant, circuit, quantity)
    return sources


def _sequence(plant: Plant, circuit: int, quantity: str, place: int) -> float:
    now = plant.electrical
    turned = _ANGLES if quantity == "voltage" else _ANGLES - now.angle[circuit]
    size = now.voltage[circuit] if quantity == "voltage" else now.current[circuit]
    phasors = size * np.exp(1j * np.radians(turned))
    return float(abs((phasors * _TURN ** (place * np.arange(3))).sum()) / 3)


def _unbalance(plant: Plant, circuit: int, quantity: str) -> float:
    positive = _sequence(plant, circuit, quantity, 1)
    return 100 * _sequence(plant, circuit, quantity, 2) / positive if positive else 0.0


def _sums(plant: Plant, circuit: int, phases: tuple[int, ...]) -> Sources:
    chosen = list(phases)
    sources: Sources = {
        "active_power": lambda: float(plant.electrical.active[circuit, chosen].sum()) / 1000,
        "reactive_power": lambda: float(plant.electrical.reactive[circuit, chosen].sum()) / 1000,
        "apparent_power": partial(_apparent, plant, circuit, phases),
        "power_factor": partial(_power_factor, plant, circuit, phases),
        "frequency": lambda: plant.electrical.frequency,
        "current": lambda: float(plant.electrical.current[circuit, chosen].mean()),
        "current_total": lambda: float(plant.electrical.current[circuit, chosen].sum()),
        "current_n": lambda: float(plant.electrical.neutral[circuit]),
        "voltage": lambda: float(plant.electrical.voltage[circuit, chosen].mean()),
    }
    return sources | {f"reactive_energy_q{q + 1}": partial(_quadrant, plant, circuit, q) for q in range(4)}


def of_waveform(plant: Plant, circuit: int) -> Sources:
    """Total distortion and harmonics of orders 2 to 63, in percent of the fundamental."""
    waveform = _Waveform(plant, circuit)
    sources: Sources = {}
    for quantity in ("voltage", "current"):
        for phase in range(3):
            sources[f"thd_{quantity}_l{phase + 1}"] = partial(waveform.distortion, quantity, phase)
            sources[f"thd_odd_{quantity}_l{phase + 1}"] = partial(waveform.distortion, quantity, phase, 1)
            sources[f"thd_even_{quantity}_l{phase + 1}"] = partial(waveform.distortion, quantity, phase, 0)
            sources[f"crest_factor_{quantity}_l{phase + 1}"] = partial(waveform.crest, quantity, phase)
            sources[f"k_factor_{quantity}_l{phase + 1}"] = partial(waveform.k_factor, quantity, phase)
            for place, order in enumerate(ORDERS):
                key = f"harmonic_{quantity}_l{phase + 1}_{order}"
                sources[key] = partial(waveform.harmonic, quantity, phase, place)
    return sources


class _Waveform:
    """The harmonics of one circuit, computed once an instant however many of them are asked for."""

    def __init__(self, plant: Plant, circuit: int) -> None:
        self._plant = plant
        self._circuit = circuit
        self._at_ms = -1
        self._spectra: dict[str, Floats] = {}

    def harmonic(self, quantity: str, phase: int, place: int) -> float:
        return float(self._of(quantity)[phase, place])

    def distortion(self, quantity: str, phase: int, parity: int | None = None) -> float:
        spectrum = self._of(quantity)[phase]
        chosen = spectrum if parity is None else spectrum[parity == ORDERS % 2]
        return float(np.sqrt((chosen**2).sum()))

    def k_factor(self, quantity: str, phase: int) -> float:
        """Weight of the harmonics for the heating of transformers, 1 for a pure sine (IEEE C57.110)."""
        share = self._of(quantity)[phase] / 100
        return float((1 + (share**2 * ORDERS**2).sum()) / (1 + (share**2).sum()))

    def crest(self, quantity: str, phase: int) -> float:
        """Peak over effective value when the peaks of the harmonics meet that of the fundamental by a third."""
        share = self._of(quantity)[phase] / 100
        return float(np.sqrt(2) * (1 + share.sum() / 3) / np.sqrt(1 + (share**2).sum()))

    def _of(self, quantity: str) -> Floats:
        if self._at_ms != self._plant.at_ms:
            network, now = self._plant.network, self._plant.electrical
            self._spectra = {
                "voltage": network.harmonic_voltages(now, self._circuit),
                "current": network.harmonic_currents(now, self._circuit),
            }
            self._at_ms = self._plant.at_ms
        return self._spectra[quantity]


def of_demand(plant: Plant, circuit: int) -> Sources:
    """Fifteen-minute demand and the month's maximum of it."""
    sources: Sources = {}
    for column, name in enumerate(DEMANDS):
        sources[f"demand_{name}"] = partial(_demand, plant, circuit, column)
        sources[f"previous_demand_{name}"] = partial(_demand_before, plant, circuit, column)
        sources[f"max_demand_{name}"] = partial(_greatest_demand, plant, circuit, column)
    return sources


def of_extremes(plant: Plant, circuit: int) -> Sources:
    """The month's largest and smallest instantaneous values."""
    sources: Sources = {}
    for column, name in enumerate(EXTREMES):
        sources[f"{name}_max"] = partial(_largest, plant, circuit, column)
        sources[f"{name}_min"] = partial(_smallest, plant, circuit, column)
    return sources


def of_tariffs(plant: Plant, circuit: int) -> Sources:
    """Imported energy by tariff t1..t4 and their total: since ever, this month, and the 12 months before."""
    sources: Sources = {}
    for column, tariff in enumerate(("", "_t1", "_t2", "_t3", "_t4")):
        key = f"active_energy_import{tariff}"
        sources[key if tariff else f"{key}_tariffs"] = partial(_tariff_total, plant, circuit, column)
        sources[f"{key}_this_month"] = partial(_tariff_month, plant, circuit, 0, column)
        for back in range(1, 13):
            sources[f"{key}_last_{back}"] = partial(_tariff_month, plant, circuit, back, column)
    return sources


def of_flow(plant: Plant, flow: int, per_pulse: float) -> Sources:
    """A pulse input: whole pulses, their frequency, and the state of the contact. `per_pulse` is in the flow's unit."""
    rate = partial(_rate, plant, flow)
    sources: Sources = dict.fromkeys(("pulse_frequency", "volume_flow", "mass_flow", "output_rate"), rate)
    sources |= dict.fromkeys(("pulses", "volume", "mass", "output"), partial(_passed, plant, flow))
    sources["pulse_frequency"] = lambda: rate() / 3600 / per_pulse
    sources["input_1"] = lambda: float(_passed(plant, flow).value / per_pulse % 1 < 0.5)
    return sources


def of_direct_current(plant: Plant, circuit: int, share: float, volts: float) -> Sources:
    """The DC side of a circuit: `share` of its power (negative turns the direction), about `volts`."""
    rating = max(abs(share) * plant.network.rating(circuit), 1.0)

    def power() -> float:
        return share * float(plant.electrical.active[circuit].sum())

    def voltage() -> float:
        return volts * (1 + 0.04 * min(power() / rating, 1.2))

    taken, given = (plant.imported, plant.exported) if share > 0 else (plant.exported, plant.imported)
    return {
        "voltage": voltage,
        "current": lambda: power() / voltage(),
        "active_power": lambda: power() / 1000,
        "active_energy_import": partial(_share_of, taken, circuit, abs(share)),
        "active_energy_export": partial(_share_of, given, circuit, abs(share)),
    }


def _at(plant: Plant, values: Callable[[Plant], Floats], circuit: int, phase: int) -> float:
    return float(values(plant)[circuit, phase])


def _counted(plant: Plant, totals: Callable[[Plant], Total], circuit: int, phases: tuple[int, ...]) -> Count:
    return Count(sum(int(totals(plant).amount[circuit, phase]) for phase in phases))


def _share_of(total: Total, circuit: int, share: float) -> Count:
    return Count(int(total.amount[circuit].sum()) * round(share * 10_000) // 10_000)


def _apparent(plant: Plant, circuit: int, phases: tuple[int, ...]) -> float:
    active = float(plant.electrical.active[circuit, list(phases)].sum())
    reactive = float(plant.electrical.reactive[circuit, list(phases)].sum())
    return float(np.hypot(active, reactive)) / 1000


def _power_factor(plant: Plant, circuit: int, phases: tuple[int, ...]) -> float:
    apparent = _apparent(plant, circuit, phases)
    active = float(plant.electrical.active[circuit, list(phases)].sum()) / 1000
    return active / apparent if apparent else 1.0


def _quadrant(plant: Plant, circuit: int, quadrant: int) -> Count:
    return Count(int(plant.quadrants.amount[circuit, quadrant]))


def _demand(plant: Plant, circuit: int, column: int) -> float:
    return float(plant.demand.now[circuit, column])


def _demand_before(plant: Plant, circuit: int, column: int) -> float:
    return float(plant.demand.before[circuit, column])


def _greatest_demand(plant: Plant, circuit: int, column: int) -> float:
    return float(plant.demand.greatest[circuit, column])


def _largest(plant: Plant, circuit: int, column: int) -> float:
    value = float(plant.extremes.largest[circuit, column])
    return value if np.isfinite(value) else 0.0


def _smallest(plant: Plant, circuit: int, column: int) -> float:
    value = float(plant.extremes.smallest[circuit, column])
    return value if np.isfinite(value) else 0.0


def _tariff_total(plant: Plant, circuit: int, column: int) -> Count:
    return Count(int(plant.tariffs.amount[circuit, column]))


def _tariff_month(plant: Plant, circuit: int, back: int, column: int) -> Count:
    return Count(int(plant.tariffs.month(back)[circuit, column]))


def _rate(plant: Plant, flow: int) -> float:
    return float(plant.rates[flow]) / 1000


def _passed(plant: Plant, flow: int) -> Count:
    return Count(int(plant.passed.amount[flow]))
