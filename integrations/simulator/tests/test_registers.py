"""Values become words as the profile says; what a meter refuses, this one refuses."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hub_simulator.counters import PER_UNIT, Count
from hub_simulator.profile import MeterProfile, ProfileFault, expanded, read_profile
from hub_simulator.registers import Refused, Registers

PROFILE = """
source: "a test"
modbus: {max_read: 20, holes: false, forbidden: [[0x30, 0x31]]}
ratio:
  mode: registers
  pt: {address: 0x20, type: u16}
  ct: {address: 0x21, type: u32, divided_by: {address: 0x23, type: u16}}
points:
  voltage_{l1,l2}: {address: 0, type: u16, scale: 0.1, ratio: pt}
  active_power: {address: 2, type: s16, scale: 0.001, ratio: ptct}
  power: {address: 3, type: f32}
  swapped: {address: 5, type: f32, word_order: little}
  energy: {address: 7, type: u32, scale: 0.001, ratio: ptct, kind: counter, width: 32}
  packed: {address: 9, type: bcd32, scale: 0.01}
  low: {address: 11, byte: low}
  high: {address: 11, byte: high}
  flag_{0..2}: {address: 12, bit: 15}
  name: {address: 14, type: ascii, count: 2}
  order_{a,b}_{1..2}: {address: 16, step: [1, 10]}
  relay: {address: 0x40, bit: 2, write: {function: 5, address: 7}}
"""


@pytest.fixture
def profile(tmp_path: Path) -> MeterProfile:
    (tmp_path / "meter.yaml").write_text(PROFILE)
    return read_profile("t/meter", {"t/meter": tmp_path / "meter.yaml"})


def meter(profile: MeterProfile, values: dict[str, object]) -> Registers:
    sources = {key: (lambda value=value: value) for key, value in values.items()}
    return Registers(profile, sources, Fraction(100), Fraction(40))  # type: ignore[arg-type]


def test_braces_count_from_the_right() -> None:
    assert expanded("u_{a,b}_{1..2}") == ["u_a_1", "u_a_2", "u_b_1", "u_b_2"]


def test_numbers_go_to_the_secondary_side_and_into_their_type(profile: MeterProfile) -> None:
    registers = meter(profile, {"voltage_l1": 10_000.0, "voltage_l2": 9_990.0, "active_power": -4000.0})
    assert registers.read(3, 0, 3) == [1000, 999, 0x10000 - 1000]


def test_floats_keep_the_word_order_of_the_profile(profile: MeterProfile) -> None:
    high, low = struct.unpack(">HH", struct.pack(">f", 12.5))
    registers = meter(profile, {"power": 12.5, "swapped": 12.5})
    assert registers.read(3, 3, 4) == [high, low, low, high]


def test_counters_show_whole_counts_only_and_roll_over(profile: MeterProfile) -> None:
    one_count = PER_UNIT * 4  # 0.001 kWh times 4000
    for amount, raw in ((one_count - 1, 0), (one_count, 1), (one_count * (2**32 + 5), 5)):
        registers = meter(profile, {"energy": Count(amount)})
        high, low = registers.read(3, 7, 2)
        assert high << 16 | low == raw


def test_bcd_bytes_bits_and_texts_have_their_places(profile: MeterProfile) -> None:
    values: dict[str, object] = {"packed": 1234.56, "low": 7.0, "high": 9.0, "name": "ABC"}
    registers = meter(profile, values | {"flag_0": 1.0, "flag_1": 0.0, "flag_2": 1.0})
    assert registers.read(3, 9, 3) == [0x0012, 0x3456, 0x0907]
    assert registers.read(3, 12, 2) == [0x8000, 0b10]
    assert registers.read(3, 14, 2) == [0x4142, 0x4300]


def test_steps_of_nested_braces_are_one_for_each(profile: MeterProfile) -> None:
    places = {field.key: field.address for field in profile.fields}
    assert [places[f"order_{letter}_{number}"] for letter in "ab" for number in (1, 2)] == [16, 26, 17, 27]


def test_ratios_stand_where_the_profile_says(profile: MeterProfile) -> None:
    registers = meter(profile, {"pt ratio": 100.0, "ct ratio primary": 200.0, "ct ratio secondary": 5.0})
    assert registers.read(3, 0x20, 4) == [100, 0, 200, 5]


def test_holes_forbidden_ranges_and_long_reads_are_refused(profile: MeterProfile) -> None:
    registers = meter(profile, {"power": 1.0})
    for address, count, code in ((3, 3, 2), (0x2F, 2, 2), (3, 21, 3), (3, 0, 3), (0xFFFF, 2, 2)):
        with pytest.raises(Refused) as refused:
            registers.read(3, address, count)
        assert refused.value.code == code


def test_only_declared_orders_can_be_written(profile: MeterProfile) -> None:
    registers = meter(profile, {"relay": 0.0, "power": 1.0})
    assert registers.written(5, 7).key == "relay"
    with pytest.raises(Refused):
        registers.written(6, 3)


def test_points_nobody_gives_are_named(profile: MeterProfile) -> None:
    assert "energy" in meter(profile, {"power": 1.0}).missing


def test_an_unknown_or_circular_profile_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: t/a\nsource: x\n")
    with pytest.raises(ProfileFault, match="extends itself"):
        read_profile("t/a", {"t/a": tmp_path / "a.yaml"})
    with pytest.raises(ProfileFault, match="no profile 't/b'"):
        read_profile("t/b", {"t/a": tmp_path / "a.yaml"})
