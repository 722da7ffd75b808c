"""The integration in a hub on a serial line: ratios, silence, refusals, doubts, orders, and ports that fail."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hub_modbus.codec import image
from hub_modbus.profile import load_profile, profiles_in

from hub.sdk import CommandFailed, Fault, Quality
from hub.testing.hub import HubUnderTest
from integrations.modbus.tests.rs485 import Line, Meter, Quirk, playing

PROFILES = profiles_in(Path(__file__).parent / "profiles", "test")
PANEL = load_profile("test/panel", PROFILES)
VALUES = {
    **{f"voltage_{phase}": 230.1 for phase in ("l1", "l2", "l3")},
    **{f"voltage_{pair}": 398.5 for pair in ("l1_l2", "l2_l3", "l3_l1")},
    **{f"active_power_{phase}": 0.987 for phase in ("l1", "l2", "l3")},
    "active_power": 2.961, "frequency": 50.02, "active_energy_import": 123456.789, "demand_period": 15,
}  # fmt: skip


def meter(unit: int, values: dict[str, Any] | None = None, **more: Any) -> Meter:
    return Meter(unit, image(PANEL.points.values(), VALUES | (values or {}))[3], **more)


def entry(bus: Line, *devices: dict[str, Any]) -> dict[str, Any]:
    return {
        "serial": {"port": bus.path, "baudrate": 115200},
        "devices": [{"profile": "test/panel", "device": f"meter_{device['unit_id']}"} | device for device in devices],
    }


async def test_meters_on_one_line_are_read_each_for_itself(hub: HubUnderTest):
    with playing(Line(meter(1), meter(2, {"voltage_l1": 221.7}), meter(3, {"voltage_l1": 119.9}))) as bus:
        await hub.start("modbus", entry(bus, *({"unit_id": unit} for unit in (1, 2, 3))))
        await hub.until(lambda: [hub.value(f"meter_{u}.voltage_l1") for u in (1, 2, 3)] == [230.1, 221.7, 119.9])
        health = hub.entry("modbus")
        await hub.until(lambda: health.links["line"].cycle_seconds > 0)
        assert health.links["line"].up
        assert health.links["line"].cycle_goal_seconds == pytest.approx(0.2)
        assert health.devices["meter_2"].answers > 0


async def test_a_fixed_ratio_gives_primary_values_and_the_rollover_in_them(hub: HubUnderTest):
    with playing(Line(meter(1))) as bus:
        device = {"unit_id": 1, "ratio": {"pt": 10, "ct": 40}}
        await hub.start("modbus", entry(bus, device))
        await hub.until(lambda: hub.value("meter_1.active_energy_import") == 49382715.6)
        assert hub.value("meter_1.voltage_l1") == 2301.0
        rollover = hub.core.registry.entity("demo/meter_1.active_energy_import").point.rollover
        assert rollover == pytest.approx(2**32 / 1000 * 400)


async def test_ratios_come_from_the_meter_and_a_change_is_told_and_applied(hub: HubUnderTest):
    slave = meter(1)
    slave.registers |= {0x6B: 10, 0x6C: 40}
    with playing(Line(slave)) as bus:
        device = {"unit_id": 1, "profile": "test/panel_with_ratio", "cache_ratio_s": 1}
        await hub.start("modbus", entry(bus, device))
        await hub.until(lambda: hub.value("meter_1.voltage_l1") == 2301.0)
        slave.registers[0x6B] = 20
        await hub.until(lambda: hub.value("meter_1.voltage_l1") == 4602.0)
        assert "changed from PT 10, CT 40 to PT 20, CT 40" in hub.entry("modbus").devices["meter_1"].warnings["ratio"]
        rollover = hub.core.registry.entity("demo/meter_1.active_energy_import").point.rollover
        assert rollover == pytest.approx(2**32 / 1000 * 800)


async def test_values_that_need_an_unreadable_ratio_are_withheld_and_the_rest_goes_on(hub: HubUnderTest):
    slave = meter(1, missing={0x6B})
    with playing(Line(slave)) as bus:
        await hub.start("modbus", entry(bus, {"unit_id": 1, "profile": "test/panel_with_ratio"}))
        await hub.until(lambda: hub.value("meter_1.frequency") == 50.02)
        await hub.until(lambda: "ratio" in hub.entry("modbus").devices["meter_1"].warnings)
        assert hub.quality("meter_1.voltage_l1") & Quality.NOT_TOPICAL
        assert "give ratio: {pt: ..., ct: ...}" in hub.entry("modbus").devices["meter_1"].warnings["ratio"]


async def test_a_meter_that_dies_is_not_topical_its_neighbour_goes_on_and_it_comes_back(hub: HubUnderTest):
    dead: list[bool] = []
    with playing(Line(meter(1, quirk=lambda pdu: Quirk(drop=bool(dead))), meter(2))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}, {"unit_id": 2}))
        await hub.until(lambda: hub.quality("meter_1.voltage_l1") == Quality.GOOD)
        dead.append(True)
        await hub.until(lambda: bool(hub.quality("meter_1.voltage_l1") & Quality.NOT_TOPICAL))
        assert hub.value("meter_1.voltage_l1") == 230.1
        assert health.devices["meter_1"].silent
        assert "no answer" in health.devices["meter_1"].reason
        assert hub.quality("meter_2.voltage_l1") == Quality.GOOD
        dead.clear()
        await hub.until(lambda: hub.quality("meter_1.voltage_l1") == Quality.GOOD, 20)
        assert not health.devices["meter_1"].silent
        assert health.state == "running"


async def test_a_dead_meter_costs_its_neighbours_little(hub: HubUnderTest):
    with playing(Line(meter(1, quirk=lambda pdu: Quirk(drop=True)), meter(2))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}, {"unit_id": 2}))
        await hub.until(lambda: health.devices["meter_1"].silent)
        asked, answered = len(bus.meters[1].asked), health.devices["meter_2"].answers
        await asyncio.sleep(4)
        vain = len(bus.meters[1].asked) - asked
        assert vain <= 2, "at 0.4 s each, five percent of the line is one question in 8 s"
        assert health.devices["meter_2"].answers - answered >= 12


async def test_a_register_the_meter_refuses_is_found_and_the_rest_goes_on(hub: HubUnderTest):
    with playing(Line(meter(1, missing={0x44}))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: "current_l2" in health.devices["meter_1"].warnings)
        others = [key for key in VALUES if key != "demand_period"]
        await hub.until(lambda: all(hub.quality(f"meter_1.{key}") == Quality.GOOD for key in others))
        assert hub.quality("meter_1.current_l2") == Quality.INVALID
        assert hub.quality("meter_1.current_l1") == hub.quality("meter_1.current_l3") == Quality.GOOD
        assert "register 0x44 refused: illegal data address" in health.devices["meter_1"].warnings["current_l2"]
        assert health.devices["meter_1"].faults[Fault.REFUSED] > 0
        before = len(bus.meters[1].asked)
        await asyncio.sleep(0.5)
        spans = [range(pdu[1] << 8 | pdu[2], (pdu[1] << 8 | pdu[2]) + pdu[4]) for pdu in bus.meters[1].asked[before:]]
        assert spans
        assert not any(0x44 in span for span in spans), "a refused register is not asked for again"


async def test_a_hole_between_registers_is_found_and_gone_round(hub: HubUnderTest):
    with playing(Line(meter(1, missing={0x4F, 0x50}))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: hub.quality("meter_1.frequency") == hub.quality("meter_1.voltage_l1") == Quality.GOOD)
        assert health.devices["meter_1"].warnings == {}


async def test_a_meter_with_a_shorter_longest_read_is_read_in_shorter_pieces(hub: HubUnderTest):
    with playing(Line(meter(1, max_read=6))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: all(hub.quality(f"meter_1.{key}") == Quality.GOOD for key in VALUES))
        assert health.devices["meter_1"].warnings == {}


async def test_a_wrong_profile_that_reads_zeros_is_doubted(hub: HubUnderTest):
    with playing(Line(Meter(1))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: "plausible: all zero" in health.devices["meter_1"].warnings)
        assert "is test/panel the right profile?" in health.devices["meter_1"].warnings["plausible: all zero"]
        assert health.devices["meter_1"].faults[Fault.IMPLAUSIBLE] > 0


async def test_garbage_of_a_wrong_parity_is_counted_as_such_and_brings_no_value(hub: HubUnderTest):
    spoil = Quirk(change=lambda frame: bytes(byte ^ 0x80 for byte in frame))
    with playing(Line(meter(1, quirk=lambda pdu: spoil))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: health.devices["meter_1"].silent)
        assert health.devices["meter_1"].faults[Fault.CHECKSUM] >= 2
        assert "wrong baud rate or parity?" in health.devices["meter_1"].reason
        assert hub.value("meter_1.voltage_l1") != 230.1


async def test_a_meter_that_answers_late_is_told_to_have_a_longer_time_out(hub: HubUnderTest):
    with playing(Line(meter(1, quirk=lambda pdu: Quirk(delay=0.25)))) as bus:
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: "late" in health.devices["meter_1"].warnings)
        assert "raise modbus.timeout_ms" in health.devices["meter_1"].warnings["late"]


async def test_an_order_is_carried_out_and_confirmed_by_what_the_meter_shows(hub: HubUnderTest):
    slave = meter(1)
    with playing(Line(slave)) as bus:
        await hub.start("modbus", entry(bus, {"unit_id": 1, "write": ["demand_period"]}))
        await hub.until(lambda: hub.value("meter_1.demand_period") == 15)
        assert await hub.core.commands.order("demo/meter_1", "demand_period", 30) == 30
        assert slave.registers[0x80] == 30
        assert hub.value("meter_1.demand_period") == 30


async def test_an_order_that_is_echoed_but_not_followed_fails(hub: HubUnderTest):
    with playing(Line(meter(1, obeys=False))) as bus:
        await hub.start("modbus", entry(bus, {"unit_id": 1, "write": ["relay_1"]}))
        await hub.until(lambda: hub.quality("meter_1.relay_1") == Quality.GOOD)
        with pytest.raises(CommandFailed, match="accepted 1 but still shows 0"):
            await hub.core.commands.order("demo/meter_1", "relay_1", 1, seconds=1.5)


async def test_what_the_plant_did_not_list_is_not_written(hub: HubUnderTest):
    with playing(Line(meter(1))) as bus:
        await hub.start("modbus", entry(bus, {"unit_id": 1, "write": ["relay_1"]}))
        await hub.until(lambda: hub.value("meter_1.demand_period") == 15)
        with pytest.raises(CommandFailed, match="may not be written; the configuration allows relay_1"):
            await hub.core.commands.order("demo/meter_1", "demand_period", 30)
        assert all(pdu[0] == 3 for pdu in bus.meters[1].asked)


async def test_a_device_without_a_list_takes_no_orders(hub: HubUnderTest):
    with playing(Line(meter(1))) as bus:
        await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: hub.value("meter_1.demand_period") == 15)
        with pytest.raises(CommandFailed, match="takes no orders"):
            await hub.core.commands.order("demo/meter_1", "relay_1", 1)


async def test_an_adapter_pulled_out_is_a_link_error(hub: HubUnderTest):
    bus = Line(meter(1))
    with playing(bus):
        health = await hub.start("modbus", entry(bus, {"unit_id": 1}))
        await hub.until(lambda: hub.quality("meter_1.voltage_l1") == Quality.GOOD)
    await hub.until(lambda: health.state == "link_down")
    assert "serial port" in health.reason
    assert hub.quality("meter_1.voltage_l1") & Quality.NOT_TOPICAL


async def test_a_missing_port_is_a_link_error_in_clear_words(hub: HubUnderTest):
    config = {
        "serial": {"port": "/dev/ttyNOTHERE"},
        "devices": [{"device": "m", "profile": "test/panel", "unit_id": 1}],
    }
    health = await hub.start("modbus", config)
    await hub.until(lambda: health.state == "link_down")
    assert "does not exist: is the adapter plugged in?" in health.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"profile": "test/pannel"}, "no profile test/pannel; did you mean test/panel"),
        ({"points": {"voltage_l9": {"deadband": 1}}}, "has no point voltage_l9; did you mean voltage_l"),
        ({"points": {"voltage_l1": {"deadbandd": 1}}}, "extra keys not allowed"),
        ({"write": ["voltage_l1"]}, "does not declare how voltage_l1 is written"),
        ({"write": ["relay_9"]}, "has no point relay_9; did you mean relay_1"),
        ({"scan": {"fats": 2}}, "no such scan class"),
        ({"unit_id": 0}, "expected 1 to 247 on a serial line"),
        ({"unit_id": 2}, "unit_id 2 belongs to other already"),
        ({"profile": "test/panel_primary", "ratio": {"pt": 100}}, "gives primary values already"),
    ],
)
def test_what_a_plant_got_wrong_is_told_before_the_line_is_opened(hub: HubUnderTest, change, words):
    other = {"device": "other", "profile": "test/panel", "unit_id": 2}
    config = {
        "serial": {"port": "/dev/ttyS0"},
        "devices": [other, {"device": "m", "profile": "test/panel", "unit_id": 1} | change],
    }
    with pytest.raises(Exception, match="(?s)" + words.replace("?", r"\?")):
        hub.validated("modbus", config)
