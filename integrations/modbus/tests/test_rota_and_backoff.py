"""Who is next, and how much a silent meter may cost: arithmetic only."""

import math
from itertools import pairwise

import pytest
from hub_modbus.backoff import SHARE, Attempts, Budget
from hub_modbus.plausible import doubts
from hub_modbus.registers import MappedPoint, Ratios
from hub_modbus.rota import Rota


def test_everything_is_due_at_once_the_fastest_first():
    rota = Rota({"energy": 15, "fast": 1}, now=100.4, origin=0)
    assert rota.due(100.4) == ["fast", "energy"]


def test_turns_fall_on_multiples_and_missed_ones_are_not_made_up_for():
    rota = Rota({"fast": 5}, now=101, origin=0)
    rota.begin(["fast"])
    assert rota.due(200) == []
    rota.done(["fast"], 117.2)
    assert rota.next() == 120


def test_a_fast_class_goes_before_a_slow_one_but_never_starves_it():
    rota = Rota({"fast": 1, "settings": 60}, now=0, origin=0)
    slow = rota.begin(["settings"])
    served_fast = 0
    now = 0.0
    while rota.begin(["fast"]) < slow:
        now += 0.9
        served_fast += 1
        rota.done(["fast"], now)
    assert 50 < served_fast < 70


def test_a_device_that_comes_back_is_asked_everything_anew():
    rota = Rota({"fast": 1, "slow": 60}, now=0, origin=0)
    rota.begin(["fast"])
    rota.put_off(["fast"], 9)
    rota.all_due(5)
    assert rota.due(5) == ["fast", "slow"]


@pytest.mark.parametrize("dead", [1, 3, 20])
def test_dead_meters_together_cost_the_line_five_percent_however_many(dead):
    budget, cost, now, spent = Budget(), 0.61, 0.0, 0.0
    asked: dict[int, list[float]] = {meter: [] for meter in range(dead)}
    while now < 3600:
        if budget.ready(now):
            meter = min(asked, key=lambda meter: asked[meter][-1] if asked[meter] else -math.inf)
            asked[meter].append(now)
            now += cost
            spent += cost
            budget.spent(now, cost)
        now += 0.2
    assert spent / now <= SHARE
    assert spent / now > 0.8 * SHARE
    longest = max(b - a for times in asked.values() for a, b in pairwise(times))
    assert longest < dead * cost / SHARE * 1.2


def test_a_meter_that_comes_back_frees_the_next_question():
    budget = Budget()
    budget.spent(10, 0.6)
    assert not budget.ready(11)
    budget.recovered(11)
    assert budget.ready(11)


def test_one_spark_does_not_make_a_meter_silent():
    attempts = Attempts()
    assert not attempts.failed(1)
    assert not attempts.answered()
    assert not attempts.failed(2)
    assert attempts.failed(3)
    assert attempts.silent
    assert attempts.answered()
    assert not attempts.silent


SOUND = {
    **{f"voltage_{phase}": 230.0 for phase in ("l1", "l2", "l3")},
    **{f"voltage_{pair}": 398.4 for pair in ("l1_l2", "l2_l3", "l3_l1")},
    **{f"active_power_{phase}": 10.0 for phase in ("l1", "l2", "l3")},
    "active_power": 30.1, "power_factor": -0.97, "frequency": 49.98,
}  # fmt: skip


def test_a_sound_meter_raises_no_doubt():
    assert doubts(SOUND, [], Ratios()) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"voltage_l1_l2": 300.0}, "line voltages are"),
        ({"active_power": 20.0}, "its phases add up to 30"),
        ({"power_factor": 9.7}, "power_factor is 9.7; expected -1 to 1"),
        ({"frequency": 0.05}, "expected 45 to 65"),
        (dict.fromkeys(SOUND, 0.0), "is acme/pm5 the right profile?"),
    ],
)
def test_what_does_not_hang_together_is_told(change, words):
    assert words in " ".join(doubts(SOUND | change, [], Ratios(), "acme/pm5").values())


def test_a_value_outside_its_believable_span_is_told():
    point = MappedPoint("current_l1", 0, unit="A", believable=(0.0, 6.0))
    assert "believable is 0 to 6" in doubts({"current_l1": 9.0}, [point], Ratios())["current_l1"]


def test_a_dead_feeder_is_no_reason_for_doubt():
    dead = {"voltage_l1": 0.0, "voltage_l2": 0.0, "voltage_l3": 0.0, "frequency": 0.0}
    assert doubts(dead, [], Ratios()) == {}
