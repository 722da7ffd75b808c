"""Vectors, phase tables and harmonics of meters with various points."""

from __future__ import annotations

from math import isnan, sqrt

import pytest

from hub.core.batch import Batch
from hub.core.core import Core
from hub.core.model import DeviceInfo, Kind, Point
from hub.web.blocks import Found, circuit_table, energy_rows, month_rows, phase_tables, shown_elsewhere, take_apart
from hub.web.harmonics import harmonics, quantities
from hub.web.vectors import vectors

AT = 1_700_000_000_000
NAMES = ("A", "B", "C")


def meter(core: Core, **values: float) -> Found:
    """A meter with the points named, read once; keys tell the kind."""
    points = [Point(key, kind=Kind.COUNTER if "energy" in key else Kind.MEASUREMENT) for key in values]
    entities = core.add_device(DeviceInfo("demo", "meter"), points)
    core.ingest(Batch.of(core.registry.rows(entities.values()), list(values.values()), AT))
    return take_apart(entities)


def three(quantity: str, *values: float) -> dict[str, float]:
    return {f"{quantity}_{place}": value for place, value in zip(("l1", "l2", "l3"), values, strict=True)}


def test_angles_measured_by_the_meter_are_taken() -> None:
    core = Core()
    found = meter(
        core,
        **three("voltage", 230, 230, 230),
        **three("current", 5, 5, 5),
        **three("voltage_angle", 0, -121, 119),
        **three("current_angle", -30, -151, 89),
    )
    picture = vectors(found, core.state, 0, NAMES)
    assert picture is not None
    assert picture.how == "meter"
    assert [arrow.degrees for arrow in picture.picture.arrows] == [0, -121, 119, -30, -151, 89]
    assert not picture.reversed


def test_swapped_conductors_are_told() -> None:
    core = Core()
    found = meter(core, **three("voltage", 230, 230, 230), **three("angle_voltage", 0, 120, 240))
    picture = vectors(found, core.state, 0, NAMES)
    assert picture is not None
    assert picture.reversed


def test_a_meter_of_line_voltages_has_its_star_worked_out() -> None:
    core = Core()
    found = meter(
        core, voltage_l1_l2=400, voltage_l2_l3=400, voltage_l3_l1=400, power_factor=0.8, **three("current", 5, 5, 5)
    )
    picture = vectors(found, core.state, 0, NAMES)
    assert picture is not None
    assert picture.voltage_unbalance == pytest.approx(0, abs=1e-5)
    assert [arrow.name for arrow in picture.picture.arrows] == ["UA", "UB", "UC", "IA", "IB", "IC"]


def test_the_power_factor_of_the_whole_stands_for_its_phases() -> None:
    core = Core()
    found = meter(core, power_factor=0.5, **three("voltage", 230, 230, 230), **three("current", 5, 5, 5))
    picture = vectors(found, core.state, 0, NAMES)
    assert picture is not None
    assert picture.how == "factor"
    assert picture.picture.arrows[3].degrees == -60


def test_unbalances_the_meter_tells_are_preferred() -> None:
    core = Core()
    found = meter(core, voltage_unbalance=1.7, **three("voltage", 230, 230, 230), **three("current", 90, 100, 110))
    picture = vectors(found, core.state, 0, NAMES)
    assert picture is not None
    assert picture.voltage_unbalance == 1.7
    assert picture.current_unbalance == pytest.approx(10)


def test_readings_that_are_not_good_make_no_picture() -> None:
    core = Core()
    found = meter(core, **three("voltage", 230, 230, 230), **three("current", 5, 5, 5))
    core.ingest(core.state.not_topical(core.registry.rows(entity for _, entity in found), AT + 1))
    assert vectors(found, core.state, 0, NAMES) is None


def test_a_single_phase_makes_no_picture() -> None:
    core = Core()
    assert vectors(meter(core, voltage_l1=230, current_l1=4), core.state, 0, NAMES) is None


def test_line_voltages_stand_in_a_row_of_their_own() -> None:
    core = Core()
    found = meter(core, voltage_l1_l2=400, voltage_l2_l3=401, voltage_l3_l1=402, **three("voltage", 230, 231, 232))
    (table,) = phase_tables(found, core.state)
    assert table.columns == ("l1", "l2", "l3")
    assert [(row.symbol, row.line) for row in table.rows] == [("U", False), ("U", True)]
    mean = table.rows[1].whole
    assert mean is not None
    assert mean.value == pytest.approx(401)
    assert shown_elsewhere(found) >= {"voltage_l1", "voltage_l1_l2"}


def test_the_neutral_has_a_column() -> None:
    core = Core()
    (table,) = phase_tables(meter(core, current_n=3, **three("current", 5, 5, 5)), core.state)
    assert table.columns == ("l1", "l2", "l3", "n")
    assert table.rows[0].whole is not None
    assert table.rows[0].whole.value == 5, "the neutral is no part of the mean"


def test_tariff_registers_stand_beside_their_total() -> None:
    core = Core()
    found = meter(
        core,
        active_energy_import=100,
        active_energy_import_t1=10,
        active_energy_import_t4=40,
        reactive_energy_import=30,
        active_energy_import_month_1=7,
    )
    active, reactive = energy_rows(found, core.state)
    assert [cell.value if cell else None for cell in active.cells] == [100, 10, None, None, 40]
    assert reactive.quantity == "reactive_energy_import"
    assert "active_energy_import_month_1" not in shown_elsewhere(found)


def test_totals_of_odd_and_even_harmonics_add_in_squares() -> None:
    core = Core()
    found = meter(core, harmonic_current_l1_3=3, harmonic_current_l1_5=4, harmonic_current_l1_2=1)
    shown = harmonics(found, core.state, "current", 0.4)
    assert quantities(found) == ["current"]
    assert shown.orders == (2, 3, 5)
    assert shown.totals(0, [3, 5]) == 5
    assert isnan(shown.totals(0, [7]))
    assert shown.limits == ()


@pytest.mark.parametrize(
    ("kilovolts", "level", "odd", "even"),
    [(0.23 * sqrt(3), "0.38 kV", 4.0, 2.0), (10.2, "6–10 kV", 3.2, 1.6), (35.0, "35–66 kV", 2.4, 1.2)],
)
def test_voltage_harmonics_have_the_limits_of_their_level(
    kilovolts: float, level: str, odd: float, even: float
) -> None:
    core = Core()
    found = meter(core, harmonic_voltage_l1_2=0.1, harmonic_voltage_l1_3=0.4)
    shown = harmonics(found, core.state, "voltage", kilovolts)
    assert (shown.level, shown.limits) == (level, (even, odd))
    assert harmonics(found, core.state, "voltage", float("nan")).limits == ()


def test_circuits_without_phases_stand_in_one_table() -> None:
    core = Core()
    found = meter(core, current_circuit_1=1, active_power_circuit_1=0.2, current_circuit_12=3)
    table = circuit_table(phase_tables(found, core.state))
    assert table is not None
    assert [symbol for symbol, _ in table.columns] == ["I", "P"]
    assert [(circuit, [cell.value if cell else None for cell in row]) for circuit, row in table.rows] == [
        (1, [1, 0.2]),
        (12, [3, None]),
    ]


def test_the_months_a_meter_keeps_come_in_their_order() -> None:
    core = Core()
    found = meter(
        core,
        active_energy_import_last_11=11,
        active_energy_import_this_month=1,
        active_energy_import_t2_this_month=0.5,
        active_energy_import_t4_last_2=2,
    )
    months = month_rows(found, core.state)
    assert [row.ago for row in months] == [0, 2, 11]
    assert [cell.value if cell else None for cell in months[0].cells] == [1, None, 0.5, None, None]


def test_registers_that_answer_zeros_are_no_angles() -> None:
    core = Core()
    found = meter(
        core, **three("voltage", 230, 230, 230), **three("current", 5, 5, 5), **three("angle_voltage", 0, 0, 0)
    )
    picture = vectors(found, core.state, 0, NAMES)
    assert picture is not None
    assert [arrow.degrees for arrow in picture.picture.arrows] == [0, -120, 120]
