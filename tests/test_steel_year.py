"""The proof: the recorded year of a steel works, played through a PD194E over RTU, comes out of the history exactly.

The oracle is reference/energy.md, section 4, computed by others from the file itself: 959,636.71 kWh in 2018, and its
months. The meter's counter moves in steps of 0.001 kWh times a current transformer of 1000/5 A: 0.2 kWh. A month is the
difference of two readings of the counter, so it may differ from the oracle by less than one such step, and no more.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hub_simulator.files import installed_profiles
from hub_simulator.profile import read_profile
from hub_simulator.recording import MILLION, Columns, read_recording
from hub_simulator.replay import RecordedMeter, ReplayClock, SteppingUnit
from hub_simulator.serial_line import SerialLine
from hub_simulator.slave import Units

from hub.history import Aggregate, History
from hub.testing.hub import HubUnderTest

DATA = Path(os.environ.get("KWHUB_DATA", Path(__file__).parents[2] / "shared" / "data"))
STEEL = DATA / "steel-15min" / "Steel_industry_data.csv.gz"

KOREA = ZoneInfo("Asia/Seoul")

YEAR = 959_636.71
MONTHS = (
    *(126_238.29, 91_497.34, 80_230.41, 78_769.80, 79_059.28, 65_404.64),
    *(81_674.41, 68_559.43, 57_883.07, 84_665.65, 86_217.61, 59_436.78),
)

COLUMNS = Columns(
    time="date",
    energies={
        "active_energy_import": "Usage_kWh",
        "reactive_energy_import": "Lagging_Current_Reactive.Power_kVarh",
        "reactive_energy_export": "Leading_Current_Reactive_Power_kVarh",
    },
    time_format="%d/%m/%Y %H:%M",
    label="end",
    midnight_closes_day=True,
    zone=KOREA,
)

CT = 200
PROFILE = "sfere/pd194e_9hy"


def month_edges() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Starts of the months of 2018 on the works' wall, of the next January, and a quarter of an hour after that."""
    starts = [datetime(2018 + month // 12, month % 12 + 1, 1, tzinfo=KOREA).timestamp() for month in range(13)]
    return np.array([round(start * 1000) for start in (*starts, starts[-1] + 900)], np.int64)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_recorded_year_comes_out_of_the_history_as_it_went_into_the_meter(tmp_path: Path) -> None:
    recording = read_recording(STEEL, COLUMNS)
    assert len(recording.ends) == 35_040
    meter = RecordedMeter(recording, read_profile(PROFILE, installed_profiles()), ct=CT)
    assert meter.resolution("active_energy_import") == pytest.approx(0.2)
    clock, over = ReplayClock(recording.start), asyncio.Event()

    def after_the_last_interval() -> None:
        clock.at_ms = recording.ends[-1] + recording.interval_ms
        over.set()

    line = SerialLine(Units([SteppingUnit(1, meter, clock, after_the_last_interval)]), baudrate=0)
    line.start()
    hub = HubUnderTest(tmp_path, clock)
    history = await History.open(tmp_path / "history", clock)
    hub.core.bus.attach(history.append)
    try:
        await hub.start("modbus", polling(line.path))
        await asyncio.wait_for(over.wait(), 800)
        await hub.close()
        await history.committed()
        await compare(hub, history, recording.counts["active_energy_import"])
    finally:
        await hub.close()
        await history.close()
        await line.close()


def polling(path: Path) -> dict[str, object]:
    """The meter as a project file would have it, its counters asked for as fast as the line goes."""
    scan = {"fast": 3600, "normal": 3600, "quality": 3600, "energy": 0.0001}
    device = {"device": "works", "profile": PROFILE, "unit_id": 1, "scan": scan, "modbus": {"timeout_ms": 10_000}}
    return {"serial": {"port": str(path), "baudrate": 921600}, "devices": [device]}


async def compare(hub: HubUnderTest, history: History, counts: list[int]) -> None:
    """Hold months and year from the history against the oracle, and every reading against the file."""
    entity = hub.core.registry.entity("demo/works.active_energy_import")
    rows, edges = np.array([entity.row], np.int32), month_edges()
    readings = await history.raw(rows, int(edges[0]), int(edges[-1]))
    assert len(readings) == 35_041
    assert (np.diff(readings.at) == 900_000).all()
    step = CT * MILLION // 1000
    assert readings.values == pytest.approx(np.array([count // step for count in counts]) * 0.2, abs=1e-6)

    starts = (await history.buckets(rows, edges, Aggregate.FIRST)).values[0]
    months = np.diff(starts)
    assert np.abs(months - MONTHS).max() < 0.2
    assert abs(starts[-1] - starts[0] - YEAR) < 0.2
    assert len(months) == 12
