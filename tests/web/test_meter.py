"""The page of one meter."""

from __future__ import annotations

import json
import re

import aiohttp
import numpy as np
import pytest

from hub.core.model import Confidence, Kind, Point
from web.recorded import DC, GAS, MIDNIGHT, MINUTE, NOW, Recorded, at
from web.test_live import html
from web.test_overview import words

METER = "/p/demo/live/incomer"
UI = "/p/demo/ui/meter/incomer"
PHASES = ("l1", "l2", "l3")

LOOPS = (
    *(Point(f"voltage_{p}", "V") for p in PHASES),
    *(
        Point(f"{q}_circuit_{c}_{p}", u)
        for c in (1, 2)
        for q, u in (("current", "A"), ("active_power", "kW"))
        for p in PHASES
    ),
    *(Point(f"active_power_circuit_{c}", "kW") for c in (1, 2)),
    *(Point(f"active_energy_import_circuit_{c}", "kWh", kind=Kind.COUNTER) for c in (1, 2)),
)


def once(plant: Recorded, key: str, **values: float) -> None:
    """One reading of each point named, now."""
    for point, value in values.items():
        plant.keep(key, point, np.array([NOW], dtype=np.int64), np.array([value]))


async def test_a_three_phase_meter_shows_phases_vectors_demand_and_extremes(recorded: Recorded) -> None:
    shown = words(await html(recorded, METER))
    assert "I A 180.0 180.0 180.0 ⌀ 180.0" in shown
    assert "P kW 40.0 40.0 40.0 120.0" in shown
    assert "This 15 min 120.0 kW Forecast at 14:15 120.0 kW" in shown
    assert "Month maximum 120.0 kW at 11-22 00:00" in shown
    assert "I B maximum 210.00 A 10:30" in shown
    assert "Electricity 1,690.0 kWh" in shown


async def test_the_vectors_lag_by_the_angle_of_p_and_q(recorded: Recorded) -> None:
    page = await html(recorded, f"{UI}/vectors")
    assert "UA 0.0°, UB -120.0°, UC 120.0°, IA -45.0°, IB -165.0°, IC 75.0°" in page
    assert "Angles computed from P and Q of each phase." in page
    assert "<html" not in page


async def test_without_a_phase_voltage_there_is_no_picture(recorded: Recorded) -> None:
    recorded.devices["incomer"].report({"voltage_l2": None}, at=NOW + 1)
    assert '<svg class="phasor"' not in await html(recorded, METER)
    assert "a phase voltage is not known now" in await html(recorded, f"{UI}/vectors")


async def test_a_bad_point_says_so_and_leaves_the_others_alone(recorded: Recorded) -> None:
    recorded.devices["incomer"].report({"current_l2": None}, at=NOW + 1)
    shown = words(await html(recorded, METER))
    assert "I A 180.0 – invalid 180.0" in shown


async def test_points_taken_on_trust_are_marked(recorded: Recorded) -> None:
    unsure = (Point("voltage", "V"), Point("active_power", "kW", confidence=Confidence.ASSUMED))
    recorded.add("charger", unsure, name="Charger")
    shown = words(await html(recorded, "/p/demo/live/charger"))
    assert "assumed No published source confirms these points" in shown
    assert "compare them with the meter's display: Active power" in shown.replace("&#39;", "'")


async def test_harmonics_come_as_chart_and_as_table(recorded: Recorded) -> None:
    recorded.devices["incomer"].report({f"harmonic_current_l1_{n}": 10 / n for n in range(2, 52)}, at=NOW)
    page = await html(recorded, METER)
    (inline,) = re.findall(r'kind="harmonics".*?<script type="application/json">(.*?)</script>', page)
    chart = json.loads(inline)
    assert chart["x"] == list(range(2, 52))
    assert chart["values"][:3] == [5.0, 3.33, 2.5]
    shown = words(page)
    odd = sum((10 / n) ** 2 for n in range(3, 52, 2)) ** 0.5
    assert f"All odd {odd:.2f}" in shown
    assert "7 1.43" in shown


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/p/demo/live/nobody", 404),
        ("/p/nowhere/live/incomer", 404),
        ("/p/steel/live/incomer", 404),
        (f"{UI}/trend.json?p=serial_number", 404),
        (f"{UI}/trend.json?p=no_such_point", 404),
        (f"{UI}/trend.json?" + "&".join(f"p=voltage_{p}&p=current_{p}&p=active_power_{p}" for p in PHASES), 400),
    ],
)
async def test_what_does_not_exist_or_asks_too_much_is_refused(recorded: Recorded, path: str, status: int) -> None:
    await html(recorded, path, status)


async def test_a_trend_holds_each_value_until_the_next(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    times = np.array([NOW - 9 * MINUTE, NOW - 2 * MINUTE, NOW], dtype=np.int64)
    recorded.keep("press_1", "active_power", times, np.array([120.0, 300, 90]))
    await recorded.history.committed()
    async with reader.get("/p/demo/ui/meter/press_1/trend.json?p=active_power&p=frequency") as reply:
        found = json.loads(await reply.text())
    power, frequency = found["v"]
    assert len(found["t"]) == len(power) == 601
    assert found["t"][-1] * 1000 == NOW
    assert power[:60] == [None] * 60
    assert power[60:480] == [120.0] * 420
    assert power[480:] == [300.0] * 120 + [90.0]
    assert set(frequency) == {None}


async def test_a_gas_meter_shows_flow_volume_temperature_and_pressure(recorded: Recorded) -> None:
    recorded.add("gas_main", GAS, "natural_gas", "Gas main")
    times = np.array([MIDNIGHT - MINUTE, MIDNIGHT + MINUTE, at(9), NOW], dtype=np.int64)
    recorded.keep("gas_main", "volume", times, np.array([1000.0, 1002.0, 1400.0, 1661.0]))
    recorded.keep("gas_main", "volume_flow", times, np.array([60.0, 61.0, 75.5, 62.0]))
    once(recorded, "gas_main", temperature=21.4, pressure=12.5)
    await recorded.history.committed()
    shown = words(await html(recorded, "/p/demo/live/gas_main"))
    assert "Volume 1,661.0 m³ Volume flow 62.00 m³/h Temperature 21.40 °C Pressure 12.50 kPa" in shown
    assert "Natural gas 660.00 m³" in shown, "midnight lies half way from 1000 to 1002"
    assert "Volume flow maximum 75.50 m³/h 09:00" in shown
    assert "Demand" not in shown
    assert "Phasors" not in shown


async def test_a_direct_current_meter_shows_what_it_has(recorded: Recorded) -> None:
    recorded.add("charger", DC, name="Charger")
    once(recorded, "charger", voltage=48.2, current=21.3, active_power=1.03)
    shown = words(await html(recorded, "/p/demo/live/charger"))
    assert "Measured Quantity Value U V 48.2 I A 21.30 P kW 1.0" in shown
    assert "Phasors" not in shown


async def test_each_circuit_of_a_multi_loop_meter_has_its_phases_and_vectors(recorded: Recorded) -> None:
    recorded.add("box", LOOPS, name="Lighting box")
    once(recorded, "box", **{f"voltage_{p}": 230.0 for p in PHASES})
    for circuit in (1, 2):
        once(recorded, "box", **{f"current_circuit_{circuit}_{p}": 10.0 * circuit for p in PHASES})
        once(recorded, "box", **{f"active_power_circuit_{circuit}": 5.0 * circuit})
    shown = words(await html(recorded, "/p/demo/live/box?c=2"))
    assert "Circuit 1 Quantity A B C Σ I A 10.00 10.00 10.00" in shown
    assert "Circuit 2 Quantity A B C Σ I A 20.00 20.00 20.00" in shown
    assert "15.0 kW" in words(await html(recorded, "/p/demo/live?q=box")), "the list shows the sum of the circuits"


async def test_a_meter_that_was_never_read_shows_dashes_and_no_zero(recorded: Recorded) -> None:
    shown = words(await html(recorded, "/p/demo/live/press_4"))
    assert "P kW – – – –" in shown
    assert "No reading of the counter yet today." in shown


async def test_harmonics_of_another_phase_are_fetched_alone(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    async with reader.get(f"{METER}?h=current&ph=l1", headers={"HX-Request-Type": "partial"}) as reply:
        part = await reply.text()
    assert 'id="harmonics"' in part
    assert "<html" not in part
