"""Our own profile, and the test line itself, against programs written by others."""

import asyncio
import shutil
import struct
from pathlib import Path

import minimalmodbus
import pytest
import yaml
from hub_modbus.codec import values
from hub_modbus.plan import Ground, plan
from hub_modbus.profile import load_profile, profiles_in
from hub_modbus.wire import Framing, Wire

from integrations.modbus.tests.rs485 import Line, Meter, playing

HERE = Path(__file__).parent
PROFILES = profiles_in(HERE.parent / "hub_modbus" / "profiles", "eastron")
GOLDEN = yaml.safe_load((HERE / "golden" / "sdm630.yaml").read_text())


def words() -> dict[int, int]:
    return {start + i: word for start, row in GOLDEN["registers"].items() for i, word in enumerate(row)}


def test_the_golden_registers_read_as_the_golden_values():
    profile = load_profile("eastron/sdm630", PROFILES)
    read = values(profile.points.values(), {4: words()})
    assert {key: read[key] for key in GOLDEN["values"]} == GOLDEN["values"]


def test_the_golden_registers_are_what_struct_makes_of_the_values():
    points = load_profile("eastron/sdm630", PROFILES).points
    table = words()
    for key, value in GOLDEN["values"].items():
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        assert (table[points[key].address], table[points[key].address + 1]) == (high, low), key


def test_the_whole_meter_takes_as_few_requests_as_the_file_says():
    profile = load_profile("eastron/sdm630", PROFILES)
    points = tuple(profile.points.values())
    assert len(plan(points, Ground(profile.modbus, points), Wire(Framing.RTU, 9600))) == GOLDEN["transactions"]


@pytest.mark.parametrize("mode", [minimalmodbus.MODE_RTU, minimalmodbus.MODE_ASCII])
async def test_the_test_line_is_a_meter_to_another_master(mode):
    with playing(Line(Meter(3, {5: 2301}, coils={7: 1}), ascii_frames=mode == minimalmodbus.MODE_ASCII)) as bus:
        master = await asyncio.to_thread(minimalmodbus.Instrument, bus.path, 3, mode)
        assert await asyncio.to_thread(master.read_register, 5, 1) == 230.1
        assert await asyncio.to_thread(master.read_bit, 7, 1) == 1
        await asyncio.to_thread(master.write_register, 6, 77, functioncode=6)
        assert bus.meters[3].registers[6] == 77
        master.serial.close()


async def test_mbpoll_reads_the_test_line_too():
    mbpoll = shutil.which("mbpoll")
    assert mbpoll, "mbpoll is missing: apt install mbpoll"
    with playing(Line(Meter(3, {0: 11, 1: 22, 2: 33}))) as bus:
        command = [mbpoll, "-1", "-0", "-q", "-m", "rtu", "-b", "9600", "-P", "none", "-a", "3", "-r", "0", "-c", "3"]
        process = await asyncio.create_subprocess_exec(*command, bus.path, stdout=asyncio.subprocess.PIPE)
        told = (await process.communicate())[0].decode()
    assert [line.split()[-1] for line in told.splitlines() if line.startswith("[")] == ["11", "22", "33"]
