"""Taking readings in, committing them, and asking for them again; with the core's bus as their source."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from history.conftest import DAY, HOUR, NEW_YEAR, QUICK, Opened, owner, store
from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.core.core import Core
from hub.core.model import DeviceInfo, Kind, Point
from hub.core.quality import Quality
from hub.history import Aggregate, History, HistoryError, HistorySettings, ReadingsShed

EVER = 1 << 60

POINTS = [Point("active_power", "kW", deadband=1.0), Point("active_energy_import", "kWh", Kind.COUNTER)]


async def test_changes_on_the_bus_become_history_and_live_state_again(tmp_path: Path) -> None:
    core = Core()
    entities = core.add_device(DeviceInfo("demo", "incomer_1"), POINTS)
    rows = core.registry.rows(entities.values())
    history = await History.open(tmp_path, core.clock, QUICK)
    core.bus.attach(history.append)
    start = core.clock.now_ms() - 100_000
    for second in range(100):
        # 50.0 50.2 50.4 ... : every sixth step passes the deadband of 1 kW; the counter counts each time
        core.ingest(Batch.of(rows, [50 + second / 5, 1000 + second], start + second * 1000))
    await history.committed()
    power = await history.raw(rows[:1], start, start + 100_000)
    assert power.values.tolist() == [50 + second / 5 for second in range(0, 100, 6)]
    energy = await history.buckets(rows[1:], np.array([start, start + 50_000, start + 100_000]), Aggregate.LAST)
    assert energy.values.tolist() == [[1049, 1099]]
    assert history.stored == core.changes
    await history.close()

    history = await History.open(tmp_path, core.clock, QUICK)
    again = Core()
    again.add_device(DeviceInfo("demo", "incomer_1"), POINTS)
    again.state.restore(await history.latest())
    assert again.state.value[rows].tolist() == [50 + 96 / 5, 1099]
    assert again.state.at[rows].tolist() == [start + 96_000, start + 99_000]
    await history.close()


async def test_a_lost_link_and_late_readings_reach_history_through_the_bus(tmp_path: Path) -> None:
    core = Core()
    rows = core.registry.rows(core.add_device(DeviceInfo("demo", "incomer_1"), POINTS[:1]).values())
    history = await History.open(tmp_path, core.clock, QUICK)
    core.bus.attach(history.append)
    start = (core.clock.now_ms() - 5 * HOUR) // HOUR * HOUR
    core.ingest(Batch.of(rows, [10.0], start))
    core.ingest(core.state.not_topical(rows, start + HOUR))
    core.ingest(Batch.of(rows, [40.0], start + 2 * HOUR))
    core.ingest(Batch.of(rows, [20.0], start + HOUR // 2))
    await history.committed()
    found = await history.raw(rows, start, start + 3 * HOUR)
    assert found.values.tolist() == [10.0, 20.0, 10.0, 40.0]
    assert found.quality.tolist() == [0, 0, Quality.NOT_TOPICAL, 0]
    edges = start + np.arange(4) * HOUR
    weighted = await history.buckets(rows, edges, Aggregate.TIME_WEIGHTED)
    np.testing.assert_array_equal(weighted.values, [[15, np.nan, 40]])
    assert core.state.value[rows].tolist() == [40.0]
    await history.close()


async def test_identities_are_saved_before_the_readings_that_need_them(tmp_path: Path) -> None:
    history = await History.open(tmp_path, Clock(), QUICK)
    seen: list[int] = []

    async def save() -> None:
        await asyncio.sleep(0.01)
        seen.append(history.seq)

    history.before_commit = save
    await store(history, (1, 1.0, NEW_YEAR))
    await store(history, (1, 2.0, NEW_YEAR + 1))
    assert seen == [0, 1]
    await history.close()


async def test_readings_wait_while_identities_cannot_be_saved(tmp_path: Path) -> None:
    history = await History.open(tmp_path, Clock(), QUICK)

    async def fail() -> None:
        raise ConnectionError("the database is away")

    history.before_commit = fail
    history.append(Batch.of([1], [1.0], NEW_YEAR))
    while not history.trouble:
        await asyncio.sleep(0.005)
    assert "the database is away" in history.trouble
    assert (history.seq, history.pending) == (0, 1)
    history.before_commit = None
    assert await history.committed() == 1
    assert history.trouble == ""
    await history.close()


async def test_every_reading_is_accounted_for(tmp_path: Path) -> None:
    history = await History.open(
        tmp_path, Clock(), HistorySettings(commit_seconds=0.05, pending_limit=10, reserve_mb=0)
    )
    history.append(Batch.of(np.arange(6), np.zeros(6), NEW_YEAR))
    history.append(Batch.of(np.arange(4), np.ones(4), NEW_YEAR))
    history.append(Batch.of([1], [1.0], NEW_YEAR))
    assert (history.pending, history.shed) == (10, 1)
    with pytest.raises(ReadingsShed):
        await history.committed()
    while history.pending:
        await asyncio.sleep(0.01)
    assert (history.stored, history.replaced, history.shed, history.trouble) == (6, 4, 1, "")
    assert (await history.raw(np.arange(6), 0, EVER)).values.tolist() == [1, 1, 1, 1, 0, 0]
    await history.close()


async def test_of_readings_with_equal_times_the_last_written_counts(opened: Opened) -> None:
    async with opened() as history:
        history.append(Batch.of([1, 1, 1], [1.0, 2.0, 3.0], NEW_YEAR))
        await history.committed()
        assert (await history.raw(np.array([1]), 0, EVER)).values.tolist() == [3.0]
        await store(history, (1, 1.0, NEW_YEAR))
        assert (await history.raw(np.array([1]), 0, EVER)).values.tolist() == [1.0]
        assert (await history.latest()).values.tolist() == [1.0]


async def test_nan_infinity_and_distant_times_are_kept_as_they_came(opened: Opened) -> None:
    ancient, distant = 946_684_800_000, 253_402_300_799_000  # 2000-01-01 and 9999-12-31
    values = [float("nan"), float("inf"), -0.0, 5e-324, 1.7976931348623157e308]
    at = [ancient, -1, NEW_YEAR, distant, 400_000_000_000_000]
    async with opened() as history:
        await store(history, *[(1, value, moment, 0x80) for value, moment in zip(values, at, strict=True)])
        expected = [values[k] for k in np.argsort(at)]
        for _ in range(2):
            found = await history.raw(np.array([1]), -EVER, EVER)
            np.testing.assert_array_equal(found.values, expected)
            assert found.at.tolist() == sorted(at)
            assert set(found.quality.tolist()) == {0x80}
            assert (await history.latest()).at.tolist() == [max(at)]
            await history.export(owner, EVER)


async def test_a_question_without_an_answer_gives_an_empty_batch(opened: Opened) -> None:
    async with opened() as history:
        for rows, start, end in [([1], 0, EVER), ([], 0, EVER), ([1], EVER, 0)]:
            found = await history.raw(np.array(rows, dtype=np.int32), start, end)
            assert len(found) == 0
            assert found.values.dtype == np.float64
        assert len(await history.latest()) == 0


async def test_a_limit_cuts_after_the_first_readings(opened: Opened) -> None:
    async with opened() as history:
        history.append(Batch.of(np.arange(100) % 2, np.arange(100), NEW_YEAR + np.arange(100)))
        await history.committed()
        found = await history.raw(np.array([0, 1]), 0, EVER, limit=60)
        assert found.rows.tolist() == [0] * 50 + [1] * 10


async def test_latest_is_the_newest_by_time_through_seal_and_restart(opened: Opened) -> None:
    async with opened() as history:
        await store(history, (1, 1.0, NEW_YEAR + DAY), (2, 2.0, NEW_YEAR, Quality.INVALID))
        await history.export(owner)
        await store(history, (1, 9.0, NEW_YEAR), (3, 3.0, NEW_YEAR))
    async with opened() as history:
        latest = await history.latest()
        assert latest.rows.tolist() == [1, 2, 3]
        assert latest.values.tolist() == [1.0, 2.0, 3.0]
        assert latest.quality.tolist() == [0, Quality.INVALID, 0]


async def test_closing_stores_what_waits_and_ends_followers(tmp_path: Path) -> None:
    history = await History.open(tmp_path, Clock(), HistorySettings(commit_seconds=60))
    history.append(Batch.of([1], [1.0], NEW_YEAR))
    waiting = asyncio.create_task(history.committed())
    await asyncio.sleep(0)
    await history.close()
    assert await waiting == 1
    with pytest.raises(HistoryError, match="closed"):
        await anext(history.follow(1))


async def test_questions_and_commits_do_not_wait_for_each_other(opened: Opened) -> None:
    async with opened() as history:
        for k in range(30):
            history.append(Batch.of(np.arange(50), np.full(50, k), NEW_YEAR + k * HOUR))
            answers = await asyncio.gather(
                history.raw(np.arange(50), 0, EVER),
                history.buckets(np.arange(50), NEW_YEAR + np.arange(30) * HOUR, Aggregate.AVG),
                history.export(owner, EVER) if k % 10 == 5 else history.committed(),
            )
            assert len(answers[0]) % 50 == 0, "a commit is seen whole or not at all"
        await history.committed()
        assert len(await history.raw(np.arange(50), 0, EVER)) == 1500
