"""`kwhub scan` and `kwhub probe`, as an integrator types them, on a real line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hub_modbus.address import parse_link, parse_units, variants
from hub_modbus.codec import image
from hub_modbus.ports import SerialSettings, TcpSettings
from hub_modbus.probe import in_every_order
from hub_modbus.profile import load_profile, profiles_in
from hub_modbus.readout import as_registers
from hub_modbus.registers import DataType, MappedPoint, Ratios
from hub_modbus.wire import Framing

from integrations.modbus.tests.rs485 import Line, Meter, playing

HERE = Path(__file__).parent
SDM = load_profile("eastron/sdm630", profiles_in(HERE.parent / "hub_modbus" / "profiles", "eastron"))
VALUES = {
    **{f"voltage_{phase}": 231.4 for phase in ("l1", "l2", "l3")},
    **{f"voltage_{pair}": 400.8 for pair in ("l1_l2", "l2_l3", "l3_l1")},
    "frequency": 49.97, "power_factor": 0.93, "active_energy_import": 10456.5,
}  # fmt: skip


def kwhub(*arguments: str) -> subprocess.CompletedProcess[str]:
    wide = os.environ | {"COLUMNS": "220", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments], check=False, capture_output=True, text=True, env=wide, timeout=60
    )


def line() -> Line:
    holes = set(range(0x172, 0x10000))
    return Line(Meter(3, image(SDM.points.values(), VALUES)[4], missing=holes), Meter(9, missing=set(range(65536))))


def test_a_scan_finds_who_answers_and_names_the_likely_profile():
    with playing(line()) as bus:
        told = kwhub("scan", f"serial:{bus.path}:115200", "--units", "1-10", "--timeout", "100")
    assert told.returncode == 0, told.stderr
    rows = [row for row in told.stdout.splitlines() if re.match(r"\W*\d", row)]
    assert [re.findall(r"\d+", row)[0] for row in rows] == ["3", "9"]
    assert "eastron/sdm630" in rows[0]
    assert "refused: illegal data address" in rows[1]


def test_a_scan_of_nobody_says_what_to_look_at():
    with playing(Line()) as bus:
        told = kwhub("scan", f"serial:{bus.path}:115200", "--units", "1-2", "--timeout", "50", "--baud", "9600,19200")
    assert "nobody answered: check wiring" in told.stdout


def test_a_probe_shows_raw_and_decoded_side_by_side():
    with playing(line()) as bus:
        told = kwhub("probe", "--link", f"serial:{bus.path}:115200", "--unit", "3", "--profile", "eastron/sdm630")
    assert told.returncode == 0, told.stderr
    row = next(row for row in told.stdout.splitlines() if "voltage_l1 " in row)
    assert "4367 6666" in row
    assert "231.4" in row
    assert "✓" in row


def test_a_probe_of_a_configured_device_uses_its_overrides(tmp_path):
    with playing(line()) as bus:
        (tmp_path / "projects").mkdir()
        (tmp_path / "hub.yaml").write_text("data: data\n")
        (tmp_path / "projects" / "demo.yaml").write_text(f"""\
project: demo
name: Demo
zone: UTC
areas: {{hall: {{name: Hall}}}}
integrations:
  modbus:
    - serial: {{port: {bus.path}, baudrate: 115200}}
      devices:
        - {{device: incomer, profile: eastron/sdm630, unit_id: 3, area: hall, points: {{voltage_l2: null}}}}
""")
        told = kwhub("probe", "demo/incomer", "--config", str(tmp_path))
        assert told.returncode == 0, told.stderr
        assert " voltage_l1 " in told.stdout
        assert " voltage_l2 " not in told.stdout
        assert "did you mean demo/incomer?" in kwhub("probe", "demo/incommer", "--config", str(tmp_path)).stderr


def test_a_missing_port_is_one_line_of_advice():
    told = kwhub("scan", "serial:/dev/ttyNOTHERE:9600", "--units", "1")
    assert told.returncode == 1
    assert "kwhub: serial port /dev/ttyNOTHERE does not exist: is the adapter plugged in?" in told.stderr


def test_links_are_written_as_people_write_them():
    assert parse_link("serial:/dev/ttyUSB0:19200") == SerialSettings("/dev/ttyUSB0", 19200)
    assert parse_link("serial:/dev/ttyUSB0") == SerialSettings("/dev/ttyUSB0", 9600)
    assert parse_link("tcp:10.0.0.7") == TcpSettings("10.0.0.7", 502)
    assert parse_link("rtu-tcp:gateway:4001") == TcpSettings("gateway", 4001, Framing.RTU)
    assert len(variants(parse_link("serial:/dev/ttyUSB0"), [9600, 19200], ["none", "even"])) == 4
    assert parse_units("1-3, 9") == [1, 2, 3, 9]


@pytest.mark.parametrize("text", ["", "usb", "serial:", "udp:10.0.0.7"])
def test_a_link_that_is_none_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="write serial:/dev/ttyUSB0:9600 or tcp:"):
        parse_link(text)


@pytest.mark.parametrize("text", ["0", "1-300", "a", "1-"])
def test_addresses_outside_the_standard_are_refused(text):
    with pytest.raises(ValueError):
        assert parse_units(text) == [1]


def test_every_order_of_words_and_both_signs_are_shown():
    point = MappedPoint("a", 0, DataType.U32, 2)
    orders = in_every_order(point, as_registers([0xFFFE, 0x0001]), Ratios())
    assert orders["ABCD"] == f"{0xFFFE0001:.7g} / {0xFFFE0001 - 2**32}"
    assert orders["CDAB"] == str(0x0001FFFE)
    assert orders["BADC"] == f"{0xFEFF0100:.7g} / {0xFEFF0100 - 2**32:.7g}"
    assert orders["DCBA"] == f"{0x0100FEFF:.7g}"
    assert (
        in_every_order(MappedPoint("f", 0, DataType.F32, 2), as_registers([0x199A, 0x4366]), Ratios())["CDAB"]
        == "230.1"
    )
