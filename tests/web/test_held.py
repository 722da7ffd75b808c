"""Changes made into even steps."""

from __future__ import annotations

import numpy as np

from hub.core.batch import Batch
from hub.core.quality import Quality
from hub.web.held import held, with_gaps

GRID = np.arange(0, 10_000, 1000, dtype=np.int64)


def readings(*rows: tuple[int, float, Quality]) -> Batch:
    at, values, quality = zip(*rows, strict=True)
    return Batch.of([0] * len(at), values, at, [int(q) for q in quality])


def test_a_value_holds_until_the_next() -> None:
    line = held(readings((-500, 5.0, Quality.GOOD), (3200, 6.0, Quality.GOOD)), GRID, 900)
    assert line.tolist() == [5, 5, 5, 5, 6, 6, 6, 6, 6, 6]


def test_nothing_is_drawn_before_the_first_reading() -> None:
    assert np.isnan(held(readings((3200, 6.0, Quality.GOOD)), GRID, 900)[:4]).all()
    assert np.isnan(held(Batch.empty(), GRID, 900)).all()


def test_a_lost_link_ends_the_value() -> None:
    line = held(readings((0, 5.0, Quality.GOOD), (4000, 5.0, Quality.NOT_TOPICAL)), GRID, 900)
    assert line[3] == 5
    assert np.isnan(line[4:]).all()


def test_a_source_that_misses_its_heartbeat_has_no_value() -> None:
    line = held(readings((0, 5.0, Quality.GOOD)), GRID, 2)
    assert line[:4].tolist() == [5, 5, 5, 5]
    assert np.isnan(line[4:]).all()


def test_a_silence_breaks_the_line_where_the_value_ended() -> None:
    at, values = with_gaps(readings((0, 5.0, Quality.GOOD), (60_000, 6.0, Quality.GOOD)), 10)
    assert at.tolist() == [0, 15_000, 60_000]
    assert np.isnan(values[1])
    assert values[[0, 2]].tolist() == [5, 6]


def test_a_bad_reading_breaks_the_line() -> None:
    _, values = with_gaps(readings((0, 5.0, Quality.GOOD), (1000, 6.0, Quality.INVALID), (2000, 7.0, Quality.GOOD)), 9)
    assert np.isnan(values[1])
