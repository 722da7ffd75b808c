"""The plant is one that could be: what goes in comes out, and counters are the integrals of what is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hub_simulator.description import Description
from hub_simulator.loads import ORDERS
from hub_simulator.plant import DEMANDS, Plant

HOUR = 3_600_000


def at(demo: Description, year: int, month: int, day: int, hour: int = 0) -> int:
    return round(datetime(year, month, day, hour, tzinfo=demo.zone).timestamp() * 1000)


def total_kw(plant: Plant, *circuits: str) -> float:
    return sum(float(plant.electrical.active[plant.network.index[key]].sum()) for key in circuits) / 1000


def test_every_circuit_carries_exactly_what_is_below_it_and_its_losses(plant: Plant, demo: Description) -> None:
    power, loss = plant.electrical.active, plant.electrical.loss
    for circuit in demo.circuits:
        below = [plant.network.index[other.key] for other in demo.circuits if other.parent == circuit.key]
        if below:
            here = plant.network.index[circuit.key]
            assert (power[here] == power[below].sum(axis=0) + loss[here]).all(), circuit.key
            assert (loss[here] >= 0).all()


def test_the_losses_are_a_few_percent(plant: Plant) -> None:
    taken = total_kw(plant, "incomer_1", "incomer_2")
    assert 0.005 < plant.electrical.loss.sum() / 1000 / taken < 0.04


def test_power_current_voltage_and_angle_agree_in_every_phase(plant: Plant) -> None:
    now = plant.electrical
    assert now.apparent**2 == pytest.approx(now.active.astype(float) ** 2 + now.reactive.astype(float) ** 2)
    assert now.voltage * now.current == pytest.approx(now.apparent)
    angle = np.radians(now.angle)
    assert now.voltage * now.current * np.cos(angle) == pytest.approx(now.active, abs=1e-6)
    assert now.voltage * now.current * np.sin(angle) == pytest.approx(now.reactive, abs=1e-6)


def test_line_voltages_are_the_differences_of_the_phase_voltages(plant: Plant) -> None:
    phasors = plant.electrical.voltage * np.exp(1j * np.radians([0, -120, 120]))
    expected = np.abs(phasors - np.roll(phasors, -1, axis=1))
    assert plant.electrical.line_voltage == pytest.approx(expected)


def test_voltage_sags_with_load_but_stays_near_its_nominal_value(plant: Plant) -> None:
    index, volts = plant.network.index, plant.electrical.voltage
    assert volts[index["incomer_1"]] == pytest.approx(np.full(3, 5773.5), rel=0.04)
    assert volts[index["transformer_1"]] == pytest.approx(np.full(3, 230.9), rel=0.06)
    assert (volts[index["press_1"]] < volts[index["transformer_1"]]).all()
    assert 49.9 < plant.electrical.frequency < 50.1


def test_counters_are_the_exact_integrals_of_the_power_shown(plant: Plant, monday: int) -> None:
    circuit = plant.network.index["weld_line_1"]
    expected, times = 0, monday + np.cumsum([1000, 900, 1100, 1000, 30_000, 1, 999])
    before = monday
    for time in times.tolist():
        expected += int(plant.electrical.active[circuit].sum()) * (time - before)
        plant.step(time)
        before = time
    assert plant.imported.amount[circuit].sum() == expected


def test_an_hour_on_the_incomers_is_an_hour_of_all_feeders_and_losses(plant: Plant, demo: Description) -> None:
    plant.step(plant.at_ms + HOUR)
    net = (plant.imported.amount - plant.exported.amount).sum(axis=1)
    index = plant.network.index
    loss = np.zeros(3, dtype=np.int64)
    again = Plant(demo, plant.at_ms - HOUR)
    while again.at_ms < plant.at_ms:
        loss += again.electrical.loss[index["transformer_1"]] * 60_000
        again.step(again.at_ms + 60_000)
    feeders = [index[other.key] for other in demo.circuits if other.parent == "transformer_1"]
    assert net[index["transformer_1"]] == net[feeders].sum() + loss.sum()


def test_the_same_seed_gives_the_same_plant_and_another_seed_another(demo: Description, monday: int) -> None:
    one, two, other = Plant(demo, monday), Plant(demo, monday), Plant(replace(demo, seed=demo.seed + 1), monday)
    for plant in (one, two, other):
        plant.step(monday + 90_000)
    assert (one.imported.amount == two.imported.amount).all()
    assert (one.passed.amount == two.passed.amount).all()
    assert (one.imported.amount != other.imported.amount).any()


def test_nights_and_sundays_are_quiet_and_lunch_is_a_dip(demo: Description) -> None:
    def load(year: int, month: int, day: int, hour: int) -> float:
        return total_kw(Plant(demo, at(demo, year, month, day, hour)), "incomer_1", "incomer_2")

    work, lunch, night, sunday = load(2026, 3, 4, 10), load(2026, 3, 4, 12), load(2026, 3, 4, 2), load(2026, 3, 8, 10)
    assert work > 1.2 * lunch > 1.5 * night
    assert sunday < 0.5 * work


def test_a_compressor_starts_and_stops_while_the_first_one_runs_through(demo: Description) -> None:
    plant = Plant(demo, at(demo, 2026, 3, 4, 9))
    first, second = [], []
    for _ in range(180):
        plant.step(plant.at_ms + 10_000)
        first.append(total_kw(plant, "compressor_1"))
        second.append(total_kw(plant, "compressor_2"))
    assert min(first) > 100
    assert min(second) < 5
    assert max(second) > 120


def test_the_sun_feeds_the_plant_by_day_only(demo: Description) -> None:
    assert total_kw(Plant(demo, at(demo, 2026, 6, 21, 12)), "solar_roof") < -60
    assert total_kw(Plant(demo, at(demo, 2026, 6, 21, 23)), "solar_roof") == 0


def test_reactive_power_is_compensated_by_day(plant: Plant) -> None:
    index, now = plant.network.index, plant.electrical
    for transformer in ("transformer_1", "transformer_2"):
        here = index[transformer]
        active, reactive = now.active[here].sum(), now.reactive[here].sum()
        assert active / np.hypot(active, reactive) > 0.85
    assert now.reactive[index["capacitor_1"]].sum() < 0


def test_flows_add_up_and_follow_their_sources(plant: Plant, demo: Description) -> None:
    rates, index = plant.rates, plant.media.index
    for flow in demo.flows:
        below = [index[other.key] for other in demo.flows if other.parent == flow.key]
        if below:
            assert rates[index[flow.key]] >= rates[below].sum()
            assert rates[index[flow.key]] == rates[below].sum() + plant.media.loss(rates)[index[flow.key]]
    assert rates[index["gas_boiler"]] == pytest.approx(82 * rates[index["steam_main"]], abs=1)
    assert (rates >= 0).all()


def test_distortion_is_that_of_the_loads_and_fades_towards_the_grid(plant: Plant) -> None:
    network, now = plant.network, plant.electrical

    def distortion(circuit: str) -> float:
        return float(np.sqrt((network.harmonic_currents(now, network.index[circuit])[0] ** 2).sum()))

    assert 25 < distortion("paint_booth") < 45
    assert distortion("incomer_2") < 0.7 * distortion("paint_booth")
    voltage = network.harmonic_voltages(now, network.index["transformer_1"])[0]
    assert 0.5 < np.sqrt((voltage**2).sum()) < 8
    assert voltage[ORDERS == 5] > voltage[ORDERS == 4]


def test_demand_is_the_mean_power_of_the_last_fifteen_minutes(plant: Plant) -> None:
    circuit, column = plant.network.index["press_main"], DEMANDS.index("active_power")
    while plant.at_ms % 60_000 or len(plant.demand._marks) < 17:
        plant.step(plant.at_ms + 20_000)
    now = plant.imported.amount[circuit].sum()
    again = Plant(plant.description, plant.at_ms - 900_000)
    while again.at_ms < plant.at_ms:
        again.step(again.at_ms + 20_000)
    assert now > 0
    mean = again.imported.amount[circuit].sum() / 900_000 / 1000
    assert plant.demand.now[circuit, column] == pytest.approx(mean)
    assert plant.demand.greatest[circuit, column] >= mean
    assert plant.demand.greatest_at[circuit, column] % 60_000 == 0


def test_tariff_registers_add_up_and_closed_months_stay(demo: Description) -> None:
    plant = Plant(demo, at(demo, 2026, 2, 28, 20))
    plant.run_in(at(demo, 2026, 2, 1), at(demo, 2026, 2, 28, 20))
    totals, parts = plant.tariffs.amount[:, 0], plant.tariffs.amount[:, 1:]
    assert (totals == parts.sum(axis=1)).all()
    assert (totals == plant.imported.amount.sum(axis=1)).all()
    february = plant.tariffs.month(0).copy()
    plant.step(at(demo, 2026, 3, 1, 1))
    assert (plant.tariffs.month(1) >= february).all()
    incomer = plant.network.index["incomer_1"]
    assert 0 < plant.tariffs.month(0)[incomer, 0] < plant.tariffs.month(1)[incomer, 0]
    assert all(plant.tariffs.month(back)[incomer, 0] > 0 for back in range(1, 13))


def test_what_is_remembered_goes_on_where_it_stopped(demo: Description, monday: int) -> None:
    plant, straight = Plant(demo, monday), Plant(demo, monday)
    for running in (plant, straight):
        running.step(monday + 30_000)
    later = Plant(demo, monday + 77_000)
    later.remember(plant.memory())
    later.step(monday + 60_000)
    straight.step(monday + 60_000)
    assert (later.imported.amount == straight.imported.amount).all()
    assert (later.passed.amount == straight.passed.amount).all()


def test_memory_of_another_plant_is_refused(plant: Plant) -> None:
    memory = plant.memory()
    memory["imported.amount"] = memory["imported.amount"][:5]
    with pytest.raises(ValueError, match=r"imported\.amount"):
        plant.remember(memory)


def test_an_open_breaker_takes_nothing(plant: Plant) -> None:
    circuit = plant.network.index["press_1"]
    before = total_kw(plant, "press_main")
    plant.network.open[circuit] = True
    plant.step(plant.at_ms + 1)
    assert total_kw(plant, "press_1") == 0
    assert total_kw(plant, "press_main") < before - 50
