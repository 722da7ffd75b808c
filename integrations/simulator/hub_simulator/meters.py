"""The meters of a plant: each joins a profile to what it measures."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from importlib.resources.abc import Traversable

from hub_simulator.counters import PER_UNIT
from hub_simulator.description import MeterPlace, PlantError
from hub_simulator.plant import Plant
from hub_simulator.profile import MeterProfile, read_profile
from hub_simulator.quantities import (
    Sources,
    of_circuit,
    of_demand,
    of_direct_current,
    of_extremes,
    of_flow,
    of_tariffs,
    of_waveform,
)
from hub_simulator.registers import Registers
from hub_simulator.settings import of_settings
from hub_simulator.slave import Unit, Units

log = logging.getLogger(__name__)

_FLOW_POINTS = ("pulses", "volume", "mass", "output")


def build_lines(plant: Plant, files: Mapping[str, Traversable]) -> dict[str, Units]:
    """The meters of every line of the plant, ready to answer. Raises PlantError or ProfileFault."""
    profiles = {name: read_profile(name, files) for name in {place.profile for place in plant.description.meters}}
    return {
        line.key: Units(
            [build_meter(plant, place, profiles[place.profile]) for place in plant.description.on_line(line.key)]
        )
        for line in plant.description.lines
    }


def build_meter(plant: Plant, place: MeterPlace, profile: MeterProfile) -> Unit:
    """One meter. Points of its profile that the simulation knows nothing about are named in the log and read zero."""
    switch = _Switch(plant, place)
    sources = of_settings(plant, place) | switch.sources(profile) | _measured(plant, place, profile)
    registers = Registers(profile, sources, Fraction(str(place.pt)), Fraction(str(place.ct)))
    if registers.missing:
        log.warning(
            "%s: %s has points the plant cannot give: %s", place.device, place.profile, ", ".join(registers.missing)
        )
    outage = place.outage
    return Unit(
        unit_id=place.unit_id,
        registers=registers,
        turnaround=place.turnaround_ms / 1000,
        silent=(lambda: outage.silent(plant.at_ms)) if outage else bool,
        order=switch.order if place.switch else None,
    )


def preset_rollovers(plant: Plant, files: Mapping[str, Traversable]) -> None:
    """Set the counters that are to roll over soon so that they do, at the load of this moment."""
    for place in plant.description.meters:
        if not place.rolls_over_in:
            continue
        profile = read_profile(place.profile, files)
        energy = next((each for each in profile.fields if each.key == "active_energy_import"), None)
        if energy is None or energy.modulus is None:
            raise PlantError(f"meters.{place.device}.rolls_over_in: {place.profile} has no counter of a declared width")
        circuit = plant.network.index[place.circuits[0]]
        power = max(int(plant.electrical.active[circuit].sum()), plant.network.rating(circuit) * 0.05)
        ratio = Fraction(str(place.pt)) * Fraction(str(place.ct)) if energy.ratio == "ptct" else Fraction(1)
        full = int(energy.modulus * energy.scale * ratio * PER_UNIT)
        plant.set_imported(circuit, full - round(power * place.rolls_over_in * 1000))


class _Switch:
    """The relay and inputs of a meter; where the plant lets it, relay 1 opens and closes the meter's circuit."""

    def __init__(self, plant: Plant, place: MeterPlace) -> None:
        self._plant = plant
        self._circuit = plant.network.index[place.circuits[0]] if place.circuits else -1
        self.closed: dict[str, bool] = {}

    def sources(self, profile: MeterProfile) -> Sources:
        contacts = {each.key for each in profile.fields if each.bit is not None}
        return {key: partial(self._state, key) for key in contacts if not key.startswith("alarm_")}

    def order(self, point: str, on: bool) -> None:
        self.closed[point] = on
        if point == "relay_1":
            self._plant.network.open[self._circuit] = not on

    def _state(self, key: str) -> float:
        return float(self.closed.get(key, key in {"relay_1", "digital_input_1", "input_1"}))


def _measured(plant: Plant, place: MeterPlace, profile: MeterProfile) -> Sources:
    if place.flow:
        return of_flow(plant, plant.media.index[place.flow], _pulse_weight(profile))
    circuits = [plant.network.index[key] for key in place.circuits]
    if place.direct_current:
        parts = [
            of_direct_current(plant, circuits[min(k, len(circuits) - 1)], share, volts)
            for k, (share, volts) in enumerate(place.direct_current)
        ]
    else:
        parts = [_of_whole_circuit(plant, circuit) for circuit in circuits]
    if len(circuits) > 1 and not place.direct_current:
        parts[0] |= {
            key: source for key, source in of_circuit(plant, circuits[0]).items() if key.startswith("voltage_")
        }
    several = {f"{key}_circuit_{k}": source for k, part in enumerate(parts, start=1) for key, source in part.items()}
    return parts[0] | several


def _of_whole_circuit(plant: Plant, circuit: int) -> Sources:
    phases = plant.description.circuits[circuit].phases
    columns = (0, 1, 2) if phases == "all" else (int(phases[1]) - 1,)
    sources = of_circuit(plant, circuit, columns)
    sources |= of_waveform(plant, circuit) | of_demand(plant, circuit) | of_extremes(plant, circuit)
    return sources | of_tariffs(plant, circuit)


def _pulse_weight(profile: MeterProfile) -> float:
    return next((float(each.scale) for each in profile.fields if each.key in _FLOW_POINTS), 1.0)
