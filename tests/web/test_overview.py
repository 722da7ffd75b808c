"""The overview, over two recorded days."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import aiohttp
import numpy as np

from hub.core.batch import Batch
from hub.core.health import EntryState
from hub.core.quality import Quality
from web.recorded import DAY, MIDNIGHT, MINUTE, NOW, Recorded, at

LOAD = "/p/demo/ui/overview/load.json"


def words(html: str) -> str:
    """What a reader sees of a page."""
    body = re.sub(r"<(script|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


async def text(reader: aiohttp.ClientSession, path: str = "/p/demo/overview") -> str:
    async with reader.get(path) as reply:
        assert reply.status == 200
        return words(await reply.text())


async def test_todays_energy_stands_beside_yesterdays_by_the_same_time(reader: aiohttp.ClientSession) -> None:
    shown = await text(reader)
    assert "1,690 kWh" in shown, "120 kW for 14 h 5 min"
    assert "▲ 20.0 % against yesterday by 14:05" in shown


async def test_power_now_demand_and_the_months_maximum(reader: aiohttp.ClientSession) -> None:
    shown = await text(reader)
    assert "Power now 120 kW" in shown
    assert "yesterday 100 to 100 kW" in shown
    assert "forecast at 14:15: 120 kW" in shown
    assert "Month maximum 120 kW 11-22 00:00" in shown


async def test_a_main_meter_without_a_good_reading_is_told_and_not_taken_for_zero(
    recorded: Recorded, reader: aiohttp.ClientSession
) -> None:
    recorded.devices["incomer"].lost("no answer")
    shown = await text(reader)
    assert "Power now – kW without Incomer 1" in shown
    assert "Incomer 1 no answer" in shown


async def test_a_count_that_begins_after_midnight_says_so(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    recorded.configuration.projects["demo"].main_meters["electricity"] = ["press_1"]
    times = np.arange(at(9, 30), NOW + 1, 5 * MINUTE, dtype=np.int64)
    recorded.keep("press_1", "active_energy_import", times, np.linspace(700, 710, len(times)))
    await recorded.history.committed()
    shown = await text(reader)
    assert "10 kWh" in shown
    assert "data since 09:30" in shown


async def test_a_counter_that_rolled_over_today_counted_on(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    registry = recorded.core.registry
    info = registry.device("demo/press_1")
    assert info is not None
    known = registry.entities(info.id)["active_energy_import"].point
    recorded.core.add_device(info, [replace(known, rollover=1_000_000.0)])
    recorded.configuration.projects["demo"].main_meters["electricity"] = ["press_1"]
    times = np.array([MIDNIGHT - MINUTE, at(8), NOW], dtype=np.int64)
    recorded.keep("press_1", "active_energy_import", times, np.array([999_990.0, 999_999.0, 32.0]))
    await recorded.history.committed()
    assert "42 kWh" in await text(reader)


async def test_the_load_curve_has_96_quarters_and_none_of_the_future(reader: aiohttp.ClientSession) -> None:
    async with reader.get(LOAD) as reply:
        curve = json.loads(await reply.text())
    assert len(curve["x"]) == len(curve["today"]) == len(curve["yesterday"]) == 96
    assert curve["x"][:2] == ["00:00", "00:15"]
    assert curve["yesterday"] == [100.0] * 96
    assert curve["today"][:57] == [120.0] * 57
    assert curve["today"][57:] == [None] * 39


async def test_an_unchanged_curve_is_not_sent_twice(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    async with reader.get(LOAD) as first:
        tag = first.headers["ETag"]
    async with reader.get(LOAD, headers={"If-None-Match": tag}) as second:
        assert (second.status, await second.read()) == (304, b"")
    recorded.keep("incomer", "active_power", np.array([NOW - MINUTE], dtype=np.int64), np.array([400.0]))
    await recorded.history.committed()
    async with reader.get(LOAD, headers={"If-None-Match": tag}) as third:
        assert third.status == 200


async def test_a_curve_over_missing_readings_is_missing(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    recorded.configuration.projects["demo"].main_meters["electricity"] = ["press_1"]
    quarters = np.arange(MIDNIGHT, at(3), 15 * MINUTE, dtype=np.int64)
    recorded.keep("press_1", "active_power", quarters, quarters * 0 + 50.0)
    row = recorded.core.registry.entity("demo/press_1.active_power").row
    recorded.core.ingest(Batch.of([row], [50.0], at(3), int(Quality.NOT_TOPICAL)))
    recorded.keep("press_1", "active_power", np.array([at(5)], dtype=np.int64), np.array([70.0]))
    await recorded.history.committed()
    async with reader.get(LOAD) as reply:
        today = json.loads(await reply.text())["today"]
    assert today[:12] == [50.0] * 12
    assert today[12:20] == [None] * 8
    assert today[20] == 70.0


async def test_the_largest_consumers_come_first_with_their_share(
    recorded: Recorded, reader: aiohttp.ClientSession
) -> None:
    now = np.array([NOW], dtype=np.int64)
    recorded.keep("press_1", "active_power", now, np.array([12.0]))
    recorded.keep("press_2", "active_power", now, np.array([48.0]))
    shown = await text(reader)
    assert "Press 2 48.0 kW 40.0 % Press 1 12.0 kW 10.0 %" in shown
    recorded.keep("press_1", "active_power", now + 1000, np.array([60.0]))
    renewed = await text(reader, "/p/demo/ui/overview/consumers")
    assert "Press 1 60.0 kW 50.0 % Press 2 48.0 kW 40.0 %" in renewed


async def test_every_figure_links_to_where_it_comes_from(reader: aiohttp.ClientSession) -> None:
    async with reader.get("/p/demo/overview") as reply:
        html = await reply.text()
    links = [link.replace("&amp;", "&") for link in re.findall(r'<dd class="v"><a href="([^"]+)"', html)]
    assert len(links) == 5
    for link in links:
        async with reader.get(link) as target:
            assert target.status == 200, link


async def test_a_project_without_main_meters_says_what_is_missing(reader: aiohttp.ClientSession) -> None:
    shown = await text(reader, "/p/steel/overview")
    assert "names no main meters" in shown
    assert "Power now –" in shown


async def test_yesterday_before_the_meter_existed_is_unknown(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    recorded.clock.now = NOW - DAY
    shown = await text(reader)
    assert "against yesterday" not in shown


async def test_an_entry_in_trouble_is_told_with_its_reason(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    health = recorded.core.health
    health.move(health.entry("demo", "line_1", "bench"), EntryState.LINK_DOWN, "cannot open /dev/ttyUSB0")
    assert "line_1 link down: cannot open /dev/ttyUSB0" in await text(reader)
