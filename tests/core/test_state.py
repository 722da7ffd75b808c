"""The live state against a plain model of what it promises, one reading at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.batch import Batch
from hub.core.model import DeviceInfo, Entity, Kind, Point
from hub.core.quality import Quality
from hub.core.state import NEVER, StateTable

T0 = 1_700_000_000_000


def table(*points: Point) -> StateTable:
    state = StateTable()
    state.configure(entity(row, point) for row, point in enumerate(points))
    return state


def entity(row: int, point: Point) -> Entity:
    return Entity(row, DeviceInfo("demo", "meter"), point)


def told(state: StateTable, row: int, value: float, at: int, quality: int = 0) -> bool:
    return len(state.apply(Batch.of([row], [value], at, quality))) == 1


def test_the_first_reading_is_always_a_change() -> None:
    state = table(Point("voltage", deadband=1000.0))
    assert told(state, 0, 0.0, T0)


def test_a_value_within_the_absolute_deadband_is_kept_back_and_one_beyond_it_is_told() -> None:
    state = table(Point("voltage", deadband=0.5))
    assert told(state, 0, 230.0, T0)
    assert not told(state, 0, 230.5, T0 + 1)
    assert told(state, 0, 230.6, T0 + 2)


def test_slow_drift_is_told_against_the_last_told_value_not_the_last_read() -> None:
    state = table(Point("voltage", deadband=1.0))
    changes = [told(state, 0, 100 + 0.4 * k, T0 + k) for k in range(7)]
    assert changes == [True, False, False, True, False, False, True]


def test_a_percent_deadband_follows_the_last_told_value() -> None:
    state = table(Point("power", deadband_percent=10))
    assert told(state, 0, 100.0, T0)
    assert not told(state, 0, 109.0, T0 + 1)
    assert told(state, 0, 111.0, T0 + 2)
    assert not told(state, 0, 121.0, T0 + 3)
    assert told(state, 0, -10.0, T0 + 4)
    assert not told(state, 0, -10.9, T0 + 5)


def test_the_larger_of_two_deadbands_holds() -> None:
    state = table(Point("power", deadband=5, deadband_percent=1))
    assert told(state, 0, 100.0, T0)
    assert not told(state, 0, 104.0, T0 + 1)
    assert told(state, 0, 1000.0, T0 + 2)
    assert not told(state, 0, 1009.0, T0 + 3)


def test_an_unchanged_value_is_told_again_when_it_is_max_age_old() -> None:
    state = table(Point("voltage", deadband=1, max_age=60))
    assert told(state, 0, 230.0, T0)
    assert not told(state, 0, 230.0, T0 + 59_999)
    assert told(state, 0, 230.0, T0 + 60_000)
    assert not told(state, 0, 230.0, T0 + 119_999)


def test_another_quality_is_a_change_whatever_the_value() -> None:
    state = table(Point("voltage", deadband=1))
    assert told(state, 0, 230.0, T0)
    assert told(state, 0, 230.0, T0 + 1, Quality.NOT_TOPICAL)
    assert not told(state, 0, 230.0, T0 + 2, Quality.NOT_TOPICAL)
    assert told(state, 0, 230.0, T0 + 3)


def test_a_status_ignores_deadbands() -> None:
    state = table(Point("breaker", kind=Kind.STATUS, deadband=5))
    assert told(state, 0, 0, T0)
    assert told(state, 0, 1, T0 + 1)


def test_a_repeated_reading_changes_nothing_and_is_counted() -> None:
    state = table(Point("voltage"))
    told(state, 0, 230.0, T0)
    assert not told(state, 0, 230.0, T0)
    assert state.repeated == 1


def test_a_late_reading_is_told_but_leaves_the_state() -> None:
    state = table(Point("voltage"))
    told(state, 0, 230.0, T0)
    assert told(state, 0, 220.0, T0 - 5)
    assert (state.value[0], state.at[0], state.late) == (230.0, T0, 1)


def test_a_correction_for_the_same_time_is_told_and_taken() -> None:
    state = table(Point("voltage"))
    told(state, 0, 230.0, T0)
    assert told(state, 0, 231.0, T0)
    assert state.value[0] == 231.0


def test_a_value_never_read_is_nan_and_not_topical() -> None:
    state = table(Point("voltage"))
    assert math.isnan(state.value[0])
    assert state.at[0] == NEVER
    assert state.quality[0] == Quality.NOT_TOPICAL


def test_missing_values_pass_as_nan_and_do_not_repeat_themselves() -> None:
    state = table(Point("voltage"))
    assert told(state, 0, math.nan, T0, Quality.INVALID)
    assert not told(state, 0, math.nan, T0 + 1, Quality.INVALID)
    assert told(state, 0, 230.0, T0 + 2)


def test_several_readings_of_one_entity_in_a_batch_are_taken_in_the_order_of_their_times() -> None:
    state = table(Point("voltage", deadband=1), Point("current"))
    batch = Batch.of([0, 1, 0, 0], [234.0, 5.0, 230.0, 230.5], [T0 + 30, T0, T0 + 10, T0 + 20])
    changes = state.apply(batch)
    assert sorted(zip(changes.rows.tolist(), changes.values.tolist(), strict=True)) == [
        (0, 230.0),
        (0, 234.0),
        (1, 5.0),
    ]
    assert state.value[0] == 234.0


def test_restored_readings_are_state_but_no_changes() -> None:
    state = StateTable()
    state.restore(Batch.of([2], [7.5], T0))
    state.configure([entity(2, Point("voltage", deadband=1, max_age=10))])
    assert state.value[2] == 7.5
    assert not told(state, 2, 8.0, T0 + 9_999)
    assert told(state, 2, 8.0, T0 + 10_000)


def test_a_clock_that_went_back_does_not_freeze_the_state() -> None:
    state = table(Point("voltage", max_age=60), Point("current"))
    told(state, 0, 230.0, T0 + 3_600_000)
    assert state.rewind(T0) == 1
    assert told(state, 0, 231.0, T0 + 1)
    assert state.value[0] == 231.0


def test_the_table_grows_without_losing_anything() -> None:
    state = table(Point("voltage", deadband=1))
    told(state, 0, 230.0, T0)
    state.configure([entity(5000, Point("current"))])
    assert len(state) > 5000
    assert not told(state, 0, 230.5, T0 + 1)
    assert told(state, 5000, 1.0, T0)


@dataclass
class Plain:
    """One entity as an object: what the table must equal."""

    point: Point
    value: float = math.nan
    at: int = NEVER
    quality: int = int(Quality.NOT_TOPICAL)
    kept: float = math.nan
    kept_at: int = NEVER

    def take(self, value: float, at: int, quality: int) -> bool:
        if at < self.at:
            return True
        if at == self.at:
            if (value, quality) == (self.value, self.quality):
                return False
            self.value, self.quality, self.kept, self.kept_at = value, quality, value, at
            return True
        band = max(self.point.deadband, self.point.deadband_percent / 100 * abs(self.kept))
        new = self.kept_at == NEVER
        changed = new or abs(value - self.kept) > band or at - self.kept_at >= self.point.max_age * 1000
        changed = changed or quality != self.quality
        self.value, self.at, self.quality = value, at, quality
        if changed:
            self.kept, self.kept_at = value, at
        return changed


POINTS = [
    Point("a", deadband=2),
    Point("b", deadband_percent=10),
    Point("c", max_age=1),
    Point("d", deadband=1, max_age=2),
]

readings = st.tuples(
    st.integers(0, len(POINTS) - 1),
    st.integers(-20, 20).map(float),
    st.integers(0, 40),
    st.sampled_from([0, int(Quality.NOT_TOPICAL)]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(readings, min_size=1, max_size=12, unique_by=lambda r: (r[0], r[2])), max_size=12))
def test_any_stream_of_batches_gives_the_changes_of_the_plain_model(
    batches: list[list[tuple[int, float, int, int]]],
) -> None:
    state = table(*POINTS)
    plain = [Plain(point) for point in POINTS]
    for batch in batches:
        rows, values, ticks, quality = zip(*batch, strict=True)
        at = [T0 + 100 * tick for tick in ticks]
        changes = state.apply(Batch.of(rows, values, at, quality))
        in_order = sorted(zip(rows, values, at, quality, strict=True), key=lambda reading: reading[2])
        expected = sorted(reading for reading in in_order if plain[reading[0]].take(*reading[1:]))
        found = sorted(
            zip(
                changes.rows.tolist(),
                changes.values.tolist(),
                changes.at.tolist(),
                changes.quality.tolist(),
                strict=True,
            )
        )
        assert found == expected
        assert state.value[: len(plain)].tolist() == pytest.approx([entity.value for entity in plain], nan_ok=True)
        assert state.at[: len(plain)].tolist() == [entity.at for entity in plain]


def test_a_large_shuffled_batch_equals_the_same_readings_one_by_one() -> None:
    random = np.random.default_rng(7)
    points = [Point("p", deadband=0.5)] * 2000
    whole, single = table(*points), table(*points)
    for step in range(3):
        rows = random.permutation(2000)[:1500]
        values = np.round(100 + random.normal(0, 1, 1500), 2)
        changes = whole.apply(Batch.of(rows, values, T0 + step))
        alone = [row for row, value in zip(rows, values, strict=True) if told(single, int(row), value, T0 + step)]
        assert changes.rows.tolist() == alone
