"""Day files: one answer over exported and live days, late readings merged, retention by whole days."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from history.conftest import DAY, HOUR, NEW_YEAR, QUICK, Opened, owner, store
from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.core.core import Core
from hub.core.model import DeviceInfo, Point
from hub.history import Aggregate, History, HistorySettings
from hub.history.columns import Readings
from hub.history.day import whole_numbers

EVER = 1 << 60


async def test_one_answer_spans_exported_sealed_and_live_days(opened: Opened) -> None:
    async with opened() as history:
        for day in range(4):
            await store(history, *[(row, day * 10.0 + row, NEW_YEAR + day * DAY + row) for row in (1, 2, 3)])
            if day == 1:
                await history.export(owner, NEW_YEAR + 2 * DAY)
            if day == 2:
                await history.export(owner, NEW_YEAR + 2 * DAY)
        found = await history.raw(np.array([3, 1]), NEW_YEAR, NEW_YEAR + 4 * DAY)
        assert found.rows.tolist() == [1] * 4 + [3] * 4
        assert found.values.tolist() == [1, 11, 21, 31, 3, 13, 23, 33]
        assert len(await history.raw(np.array([1]), NEW_YEAR + DAY, NEW_YEAR + 3 * DAY)) == 2


async def test_late_and_corrected_readings_of_an_exported_day_are_merged(opened: Opened, tmp_path: Path) -> None:
    async with opened() as history:
        await store(history, (1, 1.0, NEW_YEAR), (1, 3.0, NEW_YEAR + 2 * HOUR), (2, 7.0, NEW_YEAR))
        await history.export(owner)
        await store(history, (1, 2.0, NEW_YEAR + HOUR), (1, 3.5, NEW_YEAR + 2 * HOUR))
        for _ in range(2):
            found = await history.raw(np.array([1, 2]), 0, EVER)
            assert found.values.tolist() == [1.0, 2.0, 3.5, 7.0]
            assert found.at.tolist() == [NEW_YEAR, NEW_YEAR + HOUR, NEW_YEAR + 2 * HOUR, NEW_YEAR]
            edges = NEW_YEAR + np.array([0, DAY])
            assert (await history.buckets(np.array([1]), edges, Aggregate.AVG)).values[0, 0] == 6.5 / 3
            await history.export(owner)
    files = [path.relative_to(tmp_path / "history").as_posix() for path in tmp_path.rglob("readings-*.parquet")]
    assert [file.rpartition("/")[0] for file in sorted(files)] == [
        "days/default/east/2026-01-01",
        "days/default/west/2026-01-01",
    ]


async def test_nothing_to_export_is_no_error_and_an_unfinished_day_stays(opened: Opened) -> None:
    async with opened() as history:
        assert await history.export(owner) == 0
        now = Clock().now_ms()
        await store(history, (1, 1.0, now))
        assert await history.export(owner) == 0
        assert (await history.raw(np.array([1]), now, now + 1)).values.tolist() == [1.0]


async def test_a_day_file_can_be_read_by_others_as_documented(opened: Opened, tmp_path: Path) -> None:
    values = [230.1, 1e-7, float("nan"), 1 / 3, -12.0, 1e17]
    async with opened() as history:
        await store(history, *[(1, value, NEW_YEAR + k) for k, value in enumerate(values)])
        await store(history, *[(33, k / 100, NEW_YEAR + k) for k in range(5)])
        await history.export(owner)
        folder = tmp_path / "history" / "days" / "default" / "east" / "2026-01-01"
        documented = f"""
            SELECT "row", "at", quality,
                   CASE WHEN digits = 255 THEN value ELSE mantissa / 10.0::DOUBLE ** digits END AS value
            FROM '{folder}/readings-*.parquet' JOIN '{folder}/moments-*.parquet' USING (moment)
            ORDER BY "row", "at"
        """
        found = duckdb.connect().execute(documented).fetchnumpy()
        same = await history.raw(np.array([1, 33]), 0, EVER)
        np.testing.assert_array_equal(found["row"], same.rows)
        np.testing.assert_array_equal(found["at"], same.at)
        np.testing.assert_array_equal(np.ma.filled(found["value"], np.nan), same.values)
        np.testing.assert_array_equal(same.values[:6], values)


def test_values_become_whole_numbers_only_where_that_is_exact() -> None:
    rng = np.random.default_rng(3)
    columns = [
        np.round(rng.uniform(0, 500, 50), 1),
        rng.integers(-(10**9), 10**9, 50).astype(float),
        rng.random(50),
        np.append(np.round(rng.uniform(0, 1, 49), 3), np.nan),
        np.full(50, np.inf),
        rng.uniform(1e16, 1e18, 50).round(),
    ]
    values = np.concatenate(columns)
    n = len(values)
    place = np.repeat(np.arange(6), 50)
    mantissa, digits = whole_numbers(
        Readings(place, np.arange(n), values, np.zeros(n, dtype=np.uint8), np.zeros(n, dtype=np.int64))
    )
    restored = np.where(digits == 255, values, mantissa / 10.0**digits)
    np.testing.assert_array_equal(restored, values)
    assert [sorted(set(digits[place == k].tolist())) for k in range(6)] == [[1], [0], [255], [3, 255], [255], [255]]


async def test_retention_deletes_whole_days_and_only_those(opened: Opened, tmp_path: Path) -> None:
    async with opened(HistorySettings(commit_seconds=0.01, reserve_mb=0, retention_days=10)) as history:
        today = Clock().now_ms() // DAY * DAY
        for day in range(15):
            await store(history, (1, float(day), today - day * DAY), (2, float(day), today - day * DAY + 5))
        await history.export(owner)
        assert await history.retain() == 2 * 4
        found = await history.raw(np.array([1]), 0, EVER)
        assert found.values.tolist() == [float(day) for day in range(10, -1, -1)]
        assert len({path.parent for path in (tmp_path / "history" / "days").rglob("*.parquet")}) == 2 * 9


class SetWrong(Clock):
    """A clock that someone sets."""

    def __init__(self) -> None:
        self.ahead = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead


async def test_a_clock_set_forward_deletes_nothing(tmp_path: Path) -> None:
    clock = SetWrong()
    history = await History.open(tmp_path, clock, HistorySettings(commit_seconds=0.01, reserve_mb=0, retention_days=30))
    now = clock.now_ms()
    await store(history, (1, 1.0, now - 3 * DAY))
    clock.ahead = 10_000 * DAY
    await history.tidy(Core().registry)
    assert len(await history.raw(np.array([1]), 0, EVER)) == 1
    await history.close()


async def test_tidy_files_each_reading_under_its_own_project(tmp_path: Path) -> None:
    core = Core()
    for project in ("press", "paint"):
        core.add_device(DeviceInfo(project, "meter_1", tenant="acme"), [Point("active_power", "kW")])
    history = await History.open(tmp_path, core.clock, QUICK)
    await store(history, (0, 1.0, NEW_YEAR), (1, 2.0, NEW_YEAR), (7, 3.0, NEW_YEAR))
    await history.tidy(core.registry)
    assert history.trouble == ""
    places = {path.relative_to(tmp_path).as_posix().rpartition("/")[0] for path in tmp_path.rglob("hours-*.parquet")}
    assert places == {
        "days/acme/press/2026-01-01",
        "days/acme/paint/2026-01-01",
        "days/default/_unknown/2026-01-01",
    }
    await history.close()


async def test_many_small_segments_of_a_day_become_few(tmp_path: Path) -> None:
    history = await History.open(tmp_path, Clock(), HistorySettings(commit_seconds=0.01, reserve_mb=0, seal_readings=8))
    for k in range(20):
        history.append(Batch.of(np.arange(100), np.full(100, k), NEW_YEAR + k))
        await history.committed()
        await history.export(owner, 0)
    segments = list(tmp_path.rglob("segment-*.parquet"))
    assert len(segments) == 20
    await history.close()
    history = await History.open(tmp_path, Clock(), QUICK)
    await history.export(owner, 0)
    assert len(list(tmp_path.rglob("segment-*.parquet"))) == 1
    assert len(await history.raw(np.arange(100), 0, EVER)) == 2000
    await history.close()
