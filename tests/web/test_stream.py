"""The stream of live values: what a browser is told, when, and what it costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from hub.core.model import Entity
from hub.core.quality import Quality
from hub.sdk import Point
from hub.web.app import create_app
from hub.web.route import Topic
from hub.web.services import Services
from hub.web.stream import STREAMS, WAITING, Listener, Streams, frame
from web.plant import Plant

DEVICE = "/p/demo/ui/stream?page=device&device=incomer"


async def events(client: aiohttp.ClientSession, path: str) -> AsyncGenerator[tuple[str, Any], None]:
    """Events of a stream as (name, data), for at most 15 s."""
    async with client.get(path, timeout=aiohttp.ClientTimeout(total=15)) as answer:
        assert answer.content_type == "text/event-stream"
        name = ""
        async for line in answer.content:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                yield name, json.loads(text.removeprefix("data: "))


async def test_a_new_stream_first_tells_everything_the_page_shows(plant: Plant, client: aiohttp.ClientSession) -> None:
    async with aclosing(events(client, DEVICE)) as stream:
        name, values = await anext(stream)
    assert name == "v"
    assert len([key for key in values if key.startswith("incomer.") and "#" not in key]) == 50
    core = plant.core
    row = core.registry.entity("demo/incomer.active_power").row
    assert values["incomer.active_power"] == [float(core.state.value[row]), 0]


async def test_then_only_what_changed_is_told(plant: Plant, client: aiohttp.ClientSession) -> None:
    async with aclosing(events(client, DEVICE)) as stream:
        await told(stream, "incomer.active_power", 111.0, plant)
        await told(stream, "incomer.active_power", 112.0, plant)
        plant.devices["press_1"].report({"active_power": 99.0})
        values = await told(stream, "incomer.active_power", 123.25, plant)
    assert values["incomer.active_power"] == [123.25, 0]
    assert "incomer.voltage_l1" not in values
    assert not [key for key in values if key.startswith("press_1")]


async def told(stream: AsyncGenerator[tuple[str, Any], None], key: str, value: float, plant: Plant) -> dict[str, Any]:
    """Report a value and wait for the frame that tells it."""
    device, _, point = key.partition(".")
    plant.devices[device].report({point: value})
    async for name, values in stream:
        if name == "v" and values.get(key) == [value, 0]:
            return dict(values)
    raise AssertionError(f"{key} was never told")


async def test_bad_quality_missing_values_and_texts_are_told(plant: Plant, client: aiohttp.ClientSession) -> None:
    meter = plant.devices["incomer"]
    meter.report({"voltage_l1": None, "serial_number": "SN-9", "frequency": 50.0}, quality=Quality.SUBSTITUTED)
    async with aclosing(events(client, DEVICE)) as stream:
        _, values = await anext(stream)
    assert values["incomer.voltage_l1"] == [None, Quality.INVALID]
    assert values["incomer.frequency"] == [50.0, Quality.SUBSTITUTED]
    async with aclosing(events(client, f"{DEVICE}&q=serial")) as stream:
        _, values = await anext(stream)
    assert values["incomer.serial_number"] == ["SN-9", Quality.SUBSTITUTED]


async def test_a_point_never_read_is_not_told(plant: Plant, client: aiohttp.ClientSession) -> None:
    device = plant.devices["incomer"]
    plant.core.add_device(device.info, [Point("pressure", "kPa")])
    async with aclosing(events(client, f"{DEVICE}&q=pressure")) as stream:
        _, values = await anext(stream)
    assert "incomer.pressure" not in values


async def test_a_lost_device_is_told_as_not_topical(plant: Plant, client: aiohttp.ClientSession) -> None:
    async with aclosing(events(client, DEVICE)) as stream:
        await anext(stream)
        plant.devices["incomer"].lost("no answer")
        async for name, values in stream:
            if name == "v" and "incomer.active_power" in values:
                break
    assert values["incomer.active_power"][1] == Quality.NOT_TOPICAL
    assert values["incomer#state"] == ["silent", 0]


async def test_a_quiet_page_hears_the_heart_beat(client: aiohttp.ClientSession) -> None:
    async with aclosing(events(client, "/p/demo/ui/stream?page=quiet")) as stream:
        assert await anext(stream) == ("v", {})
        name, at = await anext(stream)
    assert name == "hb"
    assert at > 1_600_000_000_000


async def test_a_device_added_later_joins_the_stream(plant: Plant, client: aiohttp.ClientSession) -> None:
    async with aclosing(events(client, DEVICE + "&q=pressure")) as stream:
        await anext(stream)
        device = plant.devices["incomer"]
        entities = plant.core.add_device(device.info, [Point("pressure", "kPa")])
        device.entities.update(entities)
        device.report({"pressure": 512.0})
        async for name, values in stream:
            if name == "v" and "incomer.pressure" in values:
                break
    assert values["incomer.pressure"] == [512.0, 0]


async def test_a_page_without_live_values_is_refused(client: aiohttp.ClientSession) -> None:
    for path in ("/p/demo/ui/stream", "/p/demo/ui/stream?page=nothing", "/p/nowhere/ui/stream?page=quiet"):
        async with client.get(path) as answer:
            assert answer.status == 404


async def test_streams_end_when_the_server_stops(plant: Plant, client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/ui/stream?page=quiet", timeout=aiohttp.ClientTimeout(total=15)) as answer:
        await answer.content.readline()
        stopping = asyncio.create_task(plant.stop_serving())
        while not answer.content.at_eof():
            await answer.content.readany()
        await stopping


async def test_a_stream_given_up_leaves_nothing_behind(plant: Plant) -> None:
    app = create_app(plant.services)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
        async with session.get(DEVICE) as answer:
            await answer.content.readline()
            assert len(app[STREAMS].views) == 1
        for _ in range(1500):
            if not app[STREAMS].views:
                break
            plant.devices["incomer"].report({"active_power": float(_)})
            await asyncio.sleep(0.01)
    assert not app[STREAMS].views
    await runner.cleanup()


def whole_meter(services: Services, project: str, _query: Mapping[str, str]) -> list[Entity]:
    return list(services.core.registry.entities(f"{project}/incomer").values())


async def test_everyone_who_looks_at_the_same_gets_the_same_bytes_made_once(plant: Plant) -> None:
    made = 0

    def figures(_services: Services, _project: str, _query: Mapping[str, str]) -> dict[str, float | str]:
        nonlocal made
        made += 1
        return {"count": made}

    streams = Streams(plant.services, {"meter": Topic("view:test", points=whole_meter, figures=figures)})
    choice = ("demo", "meter", ())
    listeners = [streams.join(choice)[1] for _ in range(100)]
    for listener in listeners:
        listener.behind = False
    streams.start()
    received = await asyncio.gather(*(listener.wait() for listener in listeners))
    assert made == 1
    assert all(data is received[0] or data == received[0] for data in received)
    assert len(streams.views) == 1
    await streams.close()


async def test_a_fault_in_one_kind_of_page_concerns_no_other(plant: Plant, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_services: Services, _project: str, _query: Mapping[str, str]) -> dict[str, float | str]:
        raise ZeroDivisionError("a figure of this test")

    topics = {"bad": Topic("view:test", figures=broken), "meter": Topic("view:test", points=whole_meter)}
    streams = Streams(plant.services, topics)
    bad, good = streams.join(("demo", "bad", ()))[1], streams.join(("demo", "meter", ()))[1]
    bad.behind = good.behind = False
    streams.start()
    await asyncio.sleep(0)
    plant.report(6)
    assert b"incomer.voltage_l1" in await good.wait()
    assert await bad.wait() == b""
    assert bad.closed
    streams.leave(("demo", "bad", ()), bad)
    assert "live values of demo, page bad failed" in caplog.text
    plant.report(7)
    assert b"incomer.voltage_l1" in await good.wait()
    await streams.close()


def test_a_slow_browser_is_sent_everything_afresh_rather_than_a_gap() -> None:
    listener = Listener()
    listener.behind = False
    for n in range(WAITING):
        listener.put(frame("v", {"a": [n, 0]}))
    assert not listener.behind
    listener.put(frame("v", {"b": [1, 0]}))
    assert listener.behind


async def test_waiting_frames_leave_as_one_piece_in_their_order() -> None:
    listener = Listener()
    listener.behind = False
    first, second = frame("v", {"a": [1, 0]}), frame("v", {"a": [2, 0]})
    listener.put(first)
    listener.put(second)
    listener.beat(frame("hb", 1))
    assert await listener.wait() == first + second


async def test_lost_bus_batches_make_every_point_told_again(plant: Plant) -> None:
    streams = Streams(plant.services, {"meter": Topic("view:test", points=whole_meter)})
    view, listener = streams.join(("demo", "meter", ()))
    listener.behind = False
    streams.start()
    await asyncio.sleep(0)
    subscription = plant.core.bus.subscriptions[-1]
    subscription.limit = 10
    plant.report(1)
    plant.report(2)
    told = json.loads((await listener.wait()).decode().partition("data: ")[2])
    assert len(told) == len(view.rows)
    await streams.close()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_becomes_null(value: float) -> None:
    assert frame("v", {"a": (value, 0)}) == b'event: v\ndata: {"a":[null,0]}\n\n'
