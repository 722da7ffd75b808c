"""The arithmetic of cells: combined from hours or from odd pieces, the figures are the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from history.conftest import HOUR, NEW_YEAR
from history.test_buckets import Reading, expected, qualities, values
from hub.history import Aggregate
from hub.history.cells import NEEDS, Cells, carry, figures
from hub.history.columns import Readings, settled

times = st.integers(NEW_YEAR, NEW_YEAR + 8 * HOUR - 1)
readings = st.lists(st.tuples(times, values, qualities), max_size=40)
cuts = st.lists(st.integers(NEW_YEAR - 10, NEW_YEAR + 8 * HOUR), max_size=12)


@settings(max_examples=300, deadline=None)
@given(readings, cuts, st.sampled_from(list(Aggregate)))
def test_cells_combine_to_what_a_plain_loop_finds(told: list[Reading], pieces: list[int], aggregate: Aggregate) -> None:
    edges = NEW_YEAR + np.array([0, 1, 3, 4, 8]) * HOUR
    fine = np.union1d(edges, np.array([cut for cut in pieces if edges[0] < cut < edges[-1]], dtype=np.int64))
    cells = Cells.empty(2, fine, NEEDS[aggregate])
    n = len(told)
    columns = list(zip(*told, strict=True)) if told else [(), (), ()]
    at, value, quality = (np.array(columns[k], dtype=kind) for k, kind in enumerate((np.int64, np.float64, np.uint8)))
    cells.take(settled(Readings(np.ones(n, dtype=np.int64), at, value, quality, np.arange(n))), 0, now=1 << 60)
    if aggregate is Aggregate.TIME_WEIGHTED:
        carry(cells, np.full(2, -(2**62)), np.full(2, np.nan), now=1 << 60)
    found, count = figures(cells, edges, aggregate)
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], expected(told, edges.tolist(), aggregate), rtol=1e-9, atol=1e-6)
    assert count.sum() == np.nansum(expected(told, [NEW_YEAR, NEW_YEAR + 8 * HOUR], Aggregate.COUNT))
    assert not count[0].any()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)), max_size=30))
def test_settled_readings_are_sorted_and_the_last_written_stays(told: list[tuple[int, int, int]]) -> None:
    columns = [np.array([reading[k] for reading in told], dtype=np.int64) for k in range(3)]
    place, at, seq = columns
    found = settled(Readings(place, at, seq.astype(float), np.zeros(len(told), dtype=np.uint8), seq))
    kept: dict[tuple[int, int], int] = {}
    for where, moment, number in told:
        kept[where, moment] = max(number, kept.get((where, moment), -1))
    assert list(zip(found.place.tolist(), found.at.tolist(), strict=True)) == sorted(kept)
    assert found.seq.tolist() == [kept[key] for key in sorted(kept)]
