"""Phasors: angles and unbalance against textbook figures."""

from __future__ import annotations

from cmath import exp
from math import isnan, pi, sqrt

import pytest

from hub.web.phasor import (
    RIM,
    current_lag,
    greatest_deviation,
    phasors,
    rotation_is_reversed,
    sides,
    star_angles,
    voltage_unbalance,
)

NAN = float("nan")


def by_sequences(u1: complex, u2: complex, u3: complex) -> float:
    """Unbalance from the definition: negative over positive sequence."""
    a = exp(2j * pi / 3)
    return 100 * abs((u1 + a * a * u2 + a * u3) / (u1 + a * u2 + a * a * u3))


def test_an_inductive_load_lags_and_a_capacitive_one_leads() -> None:
    assert current_lag(100, 100, NAN) == pytest.approx(45)
    assert current_lag(100, -100, NAN) == pytest.approx(-45)


def test_power_fed_back_turns_the_current_past_ninety_degrees() -> None:
    assert current_lag(-100, 0, NAN) == pytest.approx(180)


def test_without_reactive_power_the_power_factor_tells_the_angle() -> None:
    assert current_lag(NAN, NAN, 0.5) == pytest.approx(60)
    assert isnan(current_lag(NAN, NAN, NAN))


def test_a_dead_phase_has_no_angle() -> None:
    assert isnan(current_lag(0.0, 0.0, 0.0))


def test_the_unbalance_of_line_voltages_is_that_of_the_sequence_components() -> None:
    a = exp(2j * pi / 3)
    tips = [230 + 0j, 224 / a, 236 * a]
    line = [abs(tips[0] - tips[1]), abs(tips[1] - tips[2]), abs(tips[2] - tips[0])]
    assert voltage_unbalance(line) == pytest.approx(by_sequences(*tips), rel=1e-9)


def test_balanced_voltages_have_no_unbalance() -> None:
    assert voltage_unbalance([400, 400, 400]) == pytest.approx(0, abs=1e-5)


def test_line_voltages_that_make_no_triangle_give_no_unbalance() -> None:
    assert isnan(voltage_unbalance([400, 100, 100]))
    assert isnan(voltage_unbalance([400, NAN, 400]))
    assert isnan(voltage_unbalance([0, 0, 0]))


def test_line_voltages_of_a_balanced_star_are_root_three_longer() -> None:
    assert sides([230, 230, 230]) == pytest.approx([230 * sqrt(3)] * 3)


def test_a_star_is_found_again_from_its_line_voltages() -> None:
    size, angles = star_angles(sides([230, 230, 230]))
    assert size == pytest.approx([230] * 3)
    assert angles == pytest.approx([0, -120, 120])


def test_an_unequal_star_without_zero_sequence_is_found_again() -> None:
    size, angles = star_angles([400, 390, 410])
    assert sides(size, angles) == pytest.approx([400, 390, 410])
    assert angles[0] == pytest.approx(0)
    assert angles[1] < 0 < angles[2]


def test_currents_deviate_from_their_mean() -> None:
    assert greatest_deviation([90, 100, 110]) == pytest.approx(10)
    assert isnan(greatest_deviation([90, NAN, 110]))
    assert isnan(greatest_deviation([0, 0, 0]))
    assert isnan(greatest_deviation([]))


def test_phase_a_points_up_and_phase_b_follows_clockwise() -> None:
    picture = phasors([230, 230, 230], [10, 10, 10], [30, 30, 30], "ABC")
    ua, ub, uc, ia, *_ = picture.arrows
    assert (ua.x, ua.y) == pytest.approx((0, -RIM), abs=0.1)
    assert ub.x > 0 < ub.y
    assert uc.x < 0 < uc.y
    assert ia.x > 0 > ia.y, "a lagging current lies clockwise of its voltage"
    assert picture.source == "computed"


def test_a_phase_without_voltage_is_left_out() -> None:
    picture = phasors([230, 0, NAN], [10, 0, 5], [NAN, 0, NAN], "ABC")
    assert [arrow.name for arrow in picture.arrows] == ["UA"]


def test_swapped_conductors_turn_the_other_way() -> None:
    assert rotation_is_reversed([0, 120, -120])
    assert not rotation_is_reversed([0, -120, 120])
    assert not rotation_is_reversed([30, -90, 150])
