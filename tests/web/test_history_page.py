"""The history of any points: chart, table and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import aiohttp
import numpy as np
import pytest

from hub.core.batch import Batch
from hub.core.model import Point
from hub.core.quality import Quality
from hub.web.export import line
from web.recorded import DAY, DC, MIDNIGHT, MINUTE, Recorded, at
from web.test_live import html
from web.test_overview import words

PAGE = "/p/demo/history"
COLUMNS = "/p/demo/ui/history.json"
CSV = "/p/demo/ui/history.csv"
POWER = "p=incomer.active_power"
ENERGY = "p=incomer.active_energy_import"


async def columns(reader: aiohttp.ClientSession, query: str) -> dict[str, Any]:
    async with reader.get(f"{COLUMNS}?{query}") as reply:
        assert reply.status == 200, await reply.text()
        found: dict[str, Any] = json.loads(await reply.text())
        return found


async def records(reader: aiohttp.ClientSession, query: str) -> list[list[str]]:
    async with reader.get(f"{CSV}?{query}") as reply:
        assert reply.status == 200, await reply.text()
        return list(csv.reader(io.StringIO(await reply.text(), newline="")))


async def test_the_step_is_chosen_for_fewer_than_2000_intervals(reader: aiohttp.ClientSession) -> None:
    taken = {r: (await columns(reader, f"{POWER}&r={r}"))["step"] for r in ("hour", "day", "week", "month", "year")}
    assert taken == {"hour": "1min", "day": "1min", "week": "15min", "month": "hour", "year": "day"}


async def test_a_step_too_fine_is_coarsened_and_the_page_says_so(recorded: Recorded) -> None:
    assert "more than 2,000 intervals" in words(await html(recorded, f"{PAGE}?{POWER}&r=year&step=1min"))
    assert "more than 2,000 intervals" not in words(await html(recorded, f"{PAGE}?{POWER}&r=day&step=1min"))


async def test_each_unit_has_a_panel_and_a_counter_tells_what_it_counted(reader: aiohttp.ClientSession) -> None:
    found = await columns(reader, f"{POWER}&{ENERGY}&r=yesterday&step=hour")
    assert [panel["unit"] for panel in found["panels"]] == ["kW", "kWh"]
    power, energy = (panel["series"][0] for panel in found["panels"])
    assert power["values"] == [100.0] * 24
    assert energy["values"][1:] == pytest.approx([100.0] * 23)
    assert energy["bars"]
    assert found["t"][0] == MIDNIGHT - DAY
    assert found["offset"] == 8 * 3_600_000


async def test_the_future_is_not_asked_for(reader: aiohttp.ClientSession) -> None:
    found = await columns(reader, f"{POWER}&r=today&step=hour")
    assert len(found["t"]) == 15
    assert found["to"] == MIDNIGHT + DAY


async def test_a_gap_is_a_gap_in_buckets_and_in_readings(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    row = recorded.core.registry.entity("demo/press_1.active_power").row
    recorded.keep(
        "press_1", "active_power", np.array([at(8), at(8, 20), at(11)], dtype=np.int64), np.array([5.0, 6, 7])
    )
    recorded.core.ingest(Batch.of([row], [6.0], at(9), int(Quality.NOT_TOPICAL)))
    await recorded.history.committed()
    span = "from=2026-11-22T08:00&to=2026-11-22T12:00&r=custom&p=press_1.active_power"
    hours = (await columns(reader, f"{span}&step=hour"))["panels"][0]["series"][0]["values"]
    assert hours == [pytest.approx(5 + 2 / 3, abs=1e-4), None, None, 7.0]
    raw = (await columns(reader, f"{span}&step=raw"))["panels"][0]["series"][0]
    assert raw["values"] == [5.0, 6.0, None, None, None, 7.0], "silent too long, lost, silent again"


async def test_energy_counted_while_readings_were_missing_is_told_apart(
    recorded: Recorded, reader: aiohttp.ClientSession
) -> None:
    times = np.array([at(8, 5), at(8, 50), at(11, 10), at(11, 50)], dtype=np.int64)
    recorded.keep("press_1", "active_energy_import", times, np.array([100.0, 110, 150, 155]))
    await recorded.history.committed()
    query = "from=2026-11-22T08:00&to=2026-11-22T12:00&r=custom&p=press_1.active_energy_import&step=hour"
    assert (await columns(reader, query))["panels"][0]["series"][0]["values"] == [10.0, None, None, 5.0]
    shown = words(await html(recorded, f"{PAGE}?{query}"))
    assert "55.0 of it 40.0 while readings were missing" in shown


async def test_figures_can_be_chosen(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    recorded.keep(
        "press_1", "active_power", np.arange(at(8), at(9), 20 * MINUTE, dtype=np.int64), np.array([1.0, 4, 7])
    )
    await recorded.history.committed()
    query = "from=2026-11-22T08:00&to=2026-11-22T09:00&r=custom&p=press_1.active_power&step=hour&figure="
    told = {}
    for figure in ("avg", "min", "max", "last", "count", "time_weighted", "difference"):
        told[figure] = (await columns(reader, query + figure))["panels"][0]["series"][0]["values"]
    assert told == {
        "avg": [4.0],
        "min": [1.0],
        "max": [7.0],
        "last": [7.0],
        "count": [3.0],
        "time_weighted": [4.0],
        "difference": [4.0],
    }, "only counters have a difference; a measurement is told by what suits it"


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("r=fortnight", 400, "No such period"),
        ("step=fine", 400, "No such step"),
        ("figure=nice", 400, "No such figure"),
        ("r=custom&from=soon", 400, "“soon” is no time"),
        ("r=custom&from=2026-11-22&to=2026-11-21", 400, "must come after"),
        ("r=custom&from=2001-01-01&to=2026-11-21", 400, "longer than ten years"),
        ("p=incomer.nothing", 404, "No such point"),
        ("p=nobody.active_power", 404, "No such point"),
        ("p=incomer.serial_number", 404, "No such point"),
        ("p=../../etc/passwd", 404, "No such point"),
        ("d=nobody", 404, "No such meter"),
        (
            "&".join(f"p=press_{n}.{q}" for n in (1, 2, 3) for q in ("active_power", "current_l1", "voltage_l1")),
            400,
            "At most 8",
        ),
    ],
)
async def test_a_question_that_makes_no_sense_is_answered_with_words(
    recorded: Recorded, query: str, status: int, says: str
) -> None:
    assert says in words(await html(recorded, f"{PAGE}?{query}", status))


async def test_points_of_another_project_cannot_be_read(reader: aiohttp.ClientSession) -> None:
    async with reader.get("/p/steel/ui/history.json?p=incomer.active_power") as reply:
        assert reply.status == 404


async def test_the_page_begins_with_a_choice_of_meters_and_their_points(recorded: Recorded) -> None:
    shown = words(await html(recorded, PAGE))
    assert "No point is chosen yet" in shown
    assert "choose a meter first" in shown
    page = await html(recorded, f"{PAGE}?d=press_1")
    assert '<option value="press_1.active_power">' in page
    assert "serial_number" not in page


async def test_a_point_is_removed_by_a_link_that_keeps_the_rest(recorded: Recorded) -> None:
    page = await html(recorded, f"{PAGE}?{POWER}&{ENERGY}&r=week&step=hour")
    assert 'href="/p/demo/history?p=incomer.active_energy_import&amp;r=week&amp;step=hour' in page


async def test_the_table_shows_the_newest_fifty_and_leads_to_the_rest(recorded: Recorded) -> None:
    page = await html(recorded, f"{PAGE}?{POWER}&r=today&step=15min")
    shown = words(page)
    assert "2026-11-22 14:00 120.0" in shown
    assert "2026-11-22 01:30" not in shown
    assert "n=2#table" in page
    assert "2026-11-22 01:30 120.0" in words(await html(recorded, f"{PAGE}?{POWER}&r=today&step=15min&n=2"))


async def test_the_csv_has_both_times_and_units_and_ends_lines_as_the_rfc_says(reader: aiohttp.ClientSession) -> None:
    async with reader.get(f"{CSV}?{POWER}&{ENERGY}&r=yesterday&step=hour") as reply:
        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "demo-2026-11-21-hour.csv" in reply.headers["Content-Disposition"]
        body = await reply.text()
    assert body.count("\r\n") == body.count("\n") == 25
    head, first, second, *_ = csv.reader(io.StringIO(body, newline=""))
    assert head == [
        "time_utc",
        "time_local",
        "Incomer 1 · Active power [kW]",
        "Incomer 1 · Active energy imported [kWh]",
    ]
    assert first[:3] == ["2026-11-20T16:00:00Z", "2026-11-21T00:00:00+08:00", "100"]
    assert second == ["2026-11-20T17:00:00Z", "2026-11-21T01:00:00+08:00", "100", "100"]


async def test_the_csv_of_readings_joins_points_by_time_and_leaves_gaps_empty(
    recorded: Recorded, reader: aiohttp.ClientSession
) -> None:
    recorded.keep("press_1", "active_power", np.array([at(8), at(8, 1)], dtype=np.int64), np.array([5.25, 6]))
    recorded.keep("press_2", "active_power", np.array([at(8, 1), at(8, 2) + 500], dtype=np.int64), np.array([9.0, 8]))
    await recorded.history.committed()
    query = "p=press_1.active_power&p=press_2.active_power&r=custom&from=2026-11-22T08:00&to=2026-11-22T09:00&step=raw"
    _, *rows = await records(reader, query)
    assert [row[1:] for row in rows] == [
        ["2026-11-22T08:00:00+08:00", "5.25", ""],
        ["2026-11-22T08:01:00+08:00", "6", "9"],
        ["2026-11-22T08:02:00.500+08:00", "", "8"],
    ]


async def test_a_csv_longer_than_a_chart_is_whole(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    span = "r=custom&from=2026-11-21&to=2026-11-22T14:00"
    _, *rows = await records(reader, f"{ENERGY}&{span}&step=raw")
    assert len(rows) == 38 * 12
    _, *rows = await records(reader, f"{POWER}&{span}&step=15min")
    assert len(rows) == 38 * 4


async def test_a_csv_needs_a_point(reader: aiohttp.ClientSession) -> None:
    async with reader.get(CSV) as reply:
        assert reply.status == 400


async def test_names_with_commas_and_quotes_are_quoted(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    recorded.add("charger", DC, name='Charger "A", left')
    head = (await records(reader, "p=charger.voltage&r=today&step=hour"))[0]
    assert head[2] == 'Charger "A", left · Voltage [V]'
    assert line(["a\nb", "c"]) == b'"a\nb",c\r\n'


async def test_the_same_question_is_answered_once(reader: aiohttp.ClientSession) -> None:
    query = f"{COLUMNS}?{POWER}&r=yesterday"
    async with reader.get(query) as first:
        tag = first.headers["ETag"]
    async with reader.get(query, headers={"If-None-Match": tag}) as again:
        assert again.status == 304


async def test_hours_of_the_25_hour_day_are_all_there(recorded: Recorded, reader: aiohttp.ClientSession) -> None:
    projects = recorded.configuration.projects
    projects["demo"] = replace(projects["demo"], zone="Europe/Berlin")
    found = await columns(reader, f"{POWER}&r=custom&from=2026-10-25&to=2026-10-26&step=hour")
    assert len(found["t"]) == 25


async def test_a_meter_of_many_points_has_a_search_for_them(recorded: Recorded) -> None:
    recorded.add("analyser", tuple(Point(f"harmonic_current_l1_{n}", "%") for n in range(2, 150)), name="Analyser")
    page = await html(recorded, f"{PAGE}?d=analyser")
    assert page.count('<option value="analyser.') == 120
    assert "28 more: search for them" in page
    page = await html(recorded, f"{PAGE}?d=analyser&q=Harmonic+A+14")
    found = re.findall(r'value="analyser.harmonic_current_l1_(\d+)"', page)
    assert [int(order) for order in found] == [14, 114, *range(140, 150)]
