"""Devices, integrations and system health: what the pages say of a plant in good and in bad order."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import aiohttp

from hub.core.batch import Batch
from hub.core.errors import ConfigError
from hub.core.health import EntryState, Fault
from hub.sdk import Point
from hub.web.paging import LENGTH, sheet
from web.plant import Plant


async def seen(client: aiohttp.ClientSession, path: str) -> str:
    """What a reader sees of a page, blanks made single."""
    async with client.get(path) as answer:
        assert answer.status == 200
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", await answer.text())).split())


async def test_the_list_of_devices_tells_requests_and_what_came_of_them(
    plant: Plant, client: aiohttp.ClientSession
) -> None:
    health = plant.devices["press_1"].health
    for _ in range(3):
        health.fail(plant.core.clock.now_ms(), Fault.TIMEOUT, "no answer in 300 ms, 3 tries")
    health.fail(plant.core.clock.now_ms(), Fault.CHECKSUM, "checksum")
    health.fail(plant.core.clock.now_ms(), Fault.IMPLAUSIBLE, "all zeros")
    health.warnings["zeros"] = "every register answers 0: is the profile right?"
    text = await seen(client, "/p/demo/devices")
    assert "6 of 6 answer" in text
    assert re.search(r"Press 1 PM 5 answers line_1, unit 2 every register answers 0: is the profile right\?", text)
    assert re.search(r"is the profile right\? 6 1 3 1 0 1 2\d\.\d \d+ s", text)


async def test_a_silent_device_stands_out_with_its_reason(plant: Plant, client: aiohttp.ClientSession) -> None:
    plant.devices["press_2"].lost("no answer in 300 ms, 3 tries")
    text = await seen(client, "/p/demo/devices?show=trouble")
    assert "5 of 6 answer, 1 silent" in text
    assert "silent line_1, unit 3 no answer in 300 ms, 3 tries" in text
    assert "Press 3" not in text


async def test_links_tell_their_load_and_cycle(plant: Plant, client: aiohttp.ClientSession) -> None:
    now = plant.core.clock.monotonic()
    plant.links[0].spent(now, 0.5)
    text = await seen(client, "/p/demo/devices")
    assert re.search(r"line_1 /dev/ttyUSB0 9600 8N1 up \d+\.\d 4\.20 5\.00", text)
    plant.links[0].up = False
    assert "9600 8N1 down" in await seen(client, "/p/demo/devices")


async def test_a_device_is_found_by_any_of_its_names(client: aiohttp.ClientSession) -> None:
    for text in ("press_4", "Press 4", "压力机 4", "unit 5"):
        assert "Press 4" in await seen(client, f"/p/demo/devices?q={text}")
    assert "No device matches." in await seen(client, "/p/demo/devices?q=nobody")


async def test_a_project_without_devices_says_what_to_do(plant: Plant, client: aiohttp.ClientSession) -> None:
    plant.core.registry.active.clear()
    assert "No device yet. Add one to the project's file" in await seen(client, "/p/demo/devices")


async def test_the_page_of_a_device_shows_its_points_with_quality_and_confidence(
    plant: Plant, client: aiohttp.ClientSession
) -> None:
    plant.devices["incomer"].report({"voltage_l1": 231.44, "voltage_l2": None, "relay_1": 1, "frequency": -0.0})
    text = await seen(client, "/p/demo/devices/incomer")
    assert "Acme · PM 5 · line_1 · unit 1 · Substation" in text
    assert re.search(r"Voltage A voltage_l1 measurement 231\.4 V \d+ s verified", text)
    assert "Voltage B voltage_l2 measurement – invalid V" in text
    assert "Frequency frequency measurement 0.00 Hz" in text
    assert re.search(r"Current harmonic A order 2 harmonic_current_l1_2 measurement [\d.]+ % \d+ s assumed", text)
    assert "Relay 1 relay_1 status on" in await seen(client, "/p/demo/devices/incomer?q=relay")
    assert "serial_number text SN-0000" in await seen(client, "/p/demo/devices/incomer?q=serial")


async def test_a_point_never_read_is_a_dash_and_never_zero(plant: Plant, client: aiohttp.ClientSession) -> None:
    plant.core.add_device(plant.devices["incomer"].info, [Point("pressure", "kPa")])
    assert "Pressure pressure measurement – kPa –" in await seen(client, "/p/demo/devices/incomer?q=pressure")


async def test_points_are_searched_by_key_and_come_fifty_a_page(client: aiohttp.ClientSession) -> None:
    assert "Page 1 of 2 · 73" in await seen(client, "/p/demo/devices/incomer")
    last = await seen(client, "/p/demo/devices/incomer?n=2")
    assert "Relay 1" in last
    assert "Voltage A" not in last
    assert "No point matches." in await seen(client, "/p/demo/devices/incomer?q=nothing")
    assert "Page 2 of 2" in await seen(client, "/p/demo/devices/incomer?n=99")


def test_a_long_list_is_cut_at_its_pages() -> None:
    rows = list(range(LENGTH * 2 + 1))
    assert sheet(rows, "3").rows == [LENGTH * 2]
    assert sheet(rows, "").number == sheet(rows, "x").number == sheet(rows, "-1").number == sheet(rows, "²").number == 1
    assert sheet([], "7") == sheet([], "1")
    assert sheet([], "1").count == 1


async def test_a_plugin_that_fails_at_import_is_shown_with_its_reason(client: aiohttp.ClientSession) -> None:
    text = await seen(client, "/p/demo/integrations")
    assert "2 plugins installed" in text
    assert "broken cannot be used" in text
    assert "ModuleNotFoundError: No module named 'hub_no_such_plugin'" in text
    assert "importlib/__init__.py, line" in text
    assert re.search(
        r"bench loaded hub-bench · 1\.2\.3 · Apache-2\.0 Meters of this test .* line_1 running \d+ s 6 0", text
    )


async def test_no_path_of_the_machine_is_shown_in_a_trace(client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/integrations") as answer:
        assert "site-packages/" not in await answer.text()


async def test_a_failed_entry_tells_why_and_how_long_it_held_up_the_hub(
    plant: Plant, client: aiohttp.ClientSession
) -> None:
    entry = plant.core.health.entries["demo", "line_1"]
    plant.core.health.move(entry, EntryState.FAILED, "ValueError: no such register <8>")
    entry.blocked_ms = 1320.0
    text = await seen(client, "/p/demo/integrations")
    said = r"line_1 failed \d+ s 6 0 ValueError: no such register <8> held up the whole hub for 1,320 ms"
    assert re.search(said, text)


async def test_entries_and_plugins_of_another_project_stay_there(client: aiohttp.ClientSession) -> None:
    text = await seen(client, "/p/steel/integrations")
    assert "line_1" not in text
    assert "bench running" in text


async def test_mistakes_in_the_project_file_are_shown_beside_the_plugins(
    plant: Plant, client: aiohttp.ClientSession
) -> None:
    file = plant.configuration.projects["demo"].file
    plant.configuration.errors.append(ConfigError("expected 1 to 247, found 300", file=file, line=12, path="unit_id"))
    assert "unit_id: expected 1 to 247, found 300" in await seen(client, "/p/demo/integrations")
    assert "expected 1 to 247" not in await seen(client, "/p/steel/integrations")
    assert "expected 1 to 247" in await seen(client, "/admin/health")


async def test_system_health_says_where_http_listens_and_why(client: aiohttp.ClientSession) -> None:
    assert "HTTP is bound to 127.0.0.1 because there are no accounts yet." in await seen(client, "/admin/health")


async def test_system_health_counts_what_happened_to_readings(plant: Plant, client: aiohttp.ClientSession) -> None:
    core = plant.core
    rows = core.registry.rows(plant.devices["incomer"].entities.values())[:2]
    core.ingest(Batch.of(rows, [1.0, 2.0], 1_000, 0))
    core.health.notices["clock"] = "clock went back 12.0 s; 3 live values re-stamped"
    text = await seen(client, "/admin/health")
    assert f"Received {core.state.received:,}" in text
    assert f"Entities {len(core.registry):,}" in text
    assert "Refused 2 time before 2000 2" in text
    assert "clock went back 12.0 s" in text
    assert "Python 3." in text
    assert "State works" in text


async def test_system_health_says_what_troubles_the_history(full_disk: Plant) -> None:
    async with aiohttp.ClientSession(full_disk.url) as client:
        text = await seen(client, "/admin/health")
    assert full_disk.history.trouble in text
    assert "in trouble" in text


async def test_system_health_works_before_the_data_folder_exists(plant: Plant, client: aiohttp.ClientSession) -> None:
    settings = replace(plant.configuration.settings, data=plant.folder / "not yet there")
    plant.configuration = replace(plant.configuration, settings=settings)
    assert "Data folder 0 B" in await seen(client, "/admin/health")
