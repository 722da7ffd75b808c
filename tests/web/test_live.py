"""The live list."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

from web.recorded import DC, GAS, MINUTE, NOW, Recorded
from web.test_overview import words

LIVE = "/p/demo/live"


@pytest_asyncio.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[Recorded]:
    """A plant of 60 meters."""
    running = Recorded(tmp_path, meters=60)
    await running.start()
    yield running
    await running.close()


async def html(plant: Recorded, path: str, status: int = 200) -> str:
    async with (
        aiohttp.ClientSession(plant.url, headers={"Accept": "text/html"}) as session,
        session.get(path) as reply,
    ):
        assert reply.status == status
        return await reply.text()


def listed(page: str) -> list[str]:
    """Keys of the meters in the table, in their order."""
    return re.findall(r'<tr id="m-(\w+)"', page)


def power(plant: Recorded, key: str, value: float) -> None:
    plant.keep(key, "active_power", np.array([NOW], dtype=np.int64), np.array([value]))


async def test_the_head_counts_who_answers(recorded: Recorded) -> None:
    power(recorded, "press_1", 10)
    recorded.devices["press_2"].lost("no answer in 300 ms, 3 tries")
    shown = words(await html(recorded, LIVE))
    assert "2 of 6 answering" in shown
    assert "1 silent , 3 not read yet" in shown
    assert "no answer in 300 ms, 3 tries" in shown


async def test_meters_stand_in_the_order_of_their_names_as_people_count(recorded: Recorded) -> None:
    recorded.add("press_10", DC, name="Press 10")
    assert listed(await html(recorded, LIVE)) == ["incomer", *(f"press_{n}" for n in (1, 2, 3, 4, 5, 10))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=incomer", ["incomer"]),
        ("q=PM+5&area=substation", ["incomer", *(f"press_{n}" for n in range(1, 6))]),
        ("area=press_shop&q=press+3", ["press_3"]),
        ("medium=natural_gas", ["gas_main"]),
        ("state=answering", ["incomer"]),
        ("q=nobody", []),
    ],
)
async def test_the_list_is_narrowed_by_its_query(recorded: Recorded, query: str, expected: list[str]) -> None:
    recorded.add("gas_main", GAS, "natural_gas")
    assert listed(await html(recorded, f"{LIVE}?{query}")) == expected


@pytest.mark.parametrize("column", ["power", "today"])
async def test_sorting_by_a_figure_puts_the_unknown_last_either_way(recorded: Recorded, column: str) -> None:
    times = np.array([NOW - 60 * MINUTE, NOW], dtype=np.int64)
    for key, value in (("press_1", 3.0), ("press_2", 9.0), ("press_3", 6.0)):
        recorded.keep(key, "active_power", times, np.array([value, value]))
        recorded.keep(key, "active_energy_import", times, np.array([100.0, 100.0 + value]))
    await recorded.history.committed()
    rising = listed(await html(recorded, f"{LIVE}?q=press&sort={column}"))
    falling = listed(await html(recorded, f"{LIVE}?q=press&sort=-{column}"))
    assert rising[:3] == ["press_1", "press_3", "press_2"]
    assert falling[:3] == ["press_2", "press_3", "press_1"]
    assert set(rising[3:]) == set(falling[3:]) == {"press_4", "press_5"}


async def test_the_column_sorted_by_says_so(recorded: Recorded) -> None:
    page = await html(recorded, f"{LIVE}?sort=-power")
    assert re.findall(r'aria-sort="(\w+)"', page).count("descending") == 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sort=colour", "cannot be sorted"),
        ("area=moon", "No such area"),
        ("state=happy", "answering, silent or waiting"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_with_words(recorded: Recorded, query: str, says: str) -> None:
    assert says in words(await html(recorded, f"{LIVE}?{query}", status=400))


async def test_what_is_typed_is_shown_as_text(recorded: Recorded) -> None:
    page = await html(recorded, f"{LIVE}?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page


async def test_a_list_of_gas_meters_has_no_power_factor_but_a_counter(recorded: Recorded) -> None:
    recorded.add("gas_main", GAS, "natural_gas")
    now = np.array([NOW], dtype=np.int64)
    recorded.keep("gas_main", "volume_flow", now, np.array([61.5]))
    recorded.keep("gas_main", "volume", now, np.array([123.0]))
    page = await html(recorded, f"{LIVE}?medium=natural_gas")
    assert ">PF<" not in page
    assert "61.50 m³/h" in words(page)
    assert "123.0 m³" in words(page)


async def test_energy_today_begins_at_local_midnight(recorded: Recorded) -> None:
    assert "1,690.0 kWh" in words(await html(recorded, f"{LIVE}?q=incomer"))


async def test_sixty_meters_take_two_pages(crowd: Recorded) -> None:
    first, second = await html(crowd, LIVE), await html(crowd, f"{LIVE}?n=2")
    assert (len(listed(first)), len(listed(second))) == (50, 10)
    assert not set(listed(first)) & set(listed(second))
    assert len(first.encode()) < 100_000


async def test_the_stream_brings_only_the_rows_that_are_shown(crowd: Recorded) -> None:
    page = await html(crowd, f"{LIVE}?n=2")
    address = re.search(r'hx-sse:connect="([^"]+)"', page)
    assert address is not None
    for key in ("press_1", "press_59"):
        power(crowd, key, 7.0)
    async with aiohttp.ClientSession(crowd.url) as session, session.get(address[1].replace("&amp;", "&")) as stream:
        line = await asyncio.wait_for(anext(data async for data in stream.content if data.startswith(b"data: {")), 10)
    values = json.loads(line.removeprefix(b"data: "))
    assert values["press_59.active_power"] == [7.0, 0]
    assert values["press_59#state"] == ["answering", 0]
    assert "press_1.active_power" not in values


async def test_a_stream_for_devices_that_do_not_exist_brings_nothing(recorded: Recorded) -> None:
    async with (
        aiohttp.ClientSession(recorded.url) as session,
        session.get("/p/demo/ui/stream?page=live&of=nobody.furnace..x%00") as stream,
    ):
        line = await asyncio.wait_for(anext(data async for data in stream.content if data.startswith(b"data: ")), 10)
    assert json.loads(line.removeprefix(b"data: ")) in ({}, NOW)


async def test_the_highest_phase_current_is_shown(recorded: Recorded) -> None:
    now = np.array([NOW], dtype=np.int64)
    for phase, value in (("l1", 20.0), ("l2", 35.0), ("l3", 31.0)):
        recorded.keep("press_1", f"current_{phase}", now, np.array([value]))
    assert "35.00 A" in words(await html(recorded, f"{LIVE}?q=press+1"))


async def test_without_scripts_a_live_page_comes_anew_by_itself(recorded: Recorded) -> None:
    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in await html(recorded, LIVE)
    assert 'http-equiv="refresh"' not in await html(recorded, "/p/demo/history")
