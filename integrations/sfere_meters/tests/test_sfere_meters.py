"""Every profile: it loads, agrees with its golden file, keeps to our words, and costs as few requests as it can."""

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_modbus.plan import Ground, plan
from hub_modbus.profile import Profile, load_profile
from hub_modbus.registers import MappedPoint
from hub_modbus.wire import Framing, Wire
from hub_sfere_meters import hub_profiles

from hub.sdk import Confidence, Kind

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.yaml"))
FOLDER = hub_profiles()[0]
PROFILES = {
    f"{FOLDER.prefix}/{file.name.removesuffix('.yaml')}": file
    for file in FOLDER.folder.iterdir()
    if file.name.endswith(".yaml")
}

KEYS = re.compile(
    r"""(
    (voltage|current) (_l1_l2|_l2_l3|_l3_l1|_l[123]|_n|_total)? (_max|_min)?
    | (voltage|current)_ (unbalance | (positive|negative|zero)_sequence)
    | (fundamental_)? ((active|reactive|apparent)_power|power_factor) (_l[123])? (_max|_min)?
    | frequency (_max|_min)?
    | (fundamental_)? (active|reactive)_energy_(import|export) (_l[123])?
    | active_energy_import (_tariffs|_t[1-4])? (_this_month|_last_([1-9]|10|11))?
    | reactive_energy_q[1-4] | apparent_energy
    | (previous_|max_)? demand_ (current_l[123] | (active|reactive|apparent)_power)
    | (angle|thd|thd_odd|thd_even)_(voltage|current)_l[123]
    | harmonic_(voltage|current)_l[123]_\d+
    | crest_factor_voltage_l[123] | k_factor_current_l[123]
    | alarm_\w+_(high|low) | relay_[1-9](_mode)? | digital_input_[1-9]
    | run_time\w* | clock_\w+ | option_\w+ | setting_\w+ | closing_(day|hour)
    | tariff_table_[12]_slot_([1-9]|1[012])_(hour|minute|tariff) | tariff_table_of_month_([1-9]|1[012])
    | firmware_version | model_name | serial_number
    ) (_circuit_([1-9]|1[012]))?""",
    re.VERBOSE,
)
"""How points are named: quantity, place, direction, tariff, then the extreme or the circuit."""

NUMBERS = re.compile(
    r"(fundamental_)?power_factor.*|crest_factor_.*|k_factor_.*|run_time.*|clock_.*|option_.*|setting_.*"
    r"|relay_\d_mode|tariff_table_.*|closing_.*"
)


@dataclass(frozen=True)
class Golden:
    """A meter's registers as served, what must be read from them, and the requests that should take."""

    name: str
    registers: dict[int, list[int]]
    values: dict[str, float | str]
    transactions: int
    transactions_9600: int
    live: int


def golden(file: Path) -> Golden:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    slow = content.get("transactions_9600", content["transactions"])
    whole, live = content["transactions"], content["live"]
    return Golden(file.stem, content["registers"], content["values"], whole, slow, live)


def profile_of(file: Path) -> Profile:
    return load_profile(f"sfere/{file.stem}", PROFILES)


each_profile = pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)


def test_every_profile_has_a_golden_file_and_every_golden_file_a_profile():
    assert {f"sfere/{file.stem}" for file in GOLDEN} == set(PROFILES)


async def test_the_hub_finds_the_profiles_of_the_installed_plugin(hub):
    assert set(PROFILES) <= set(hub.plugins.profiles("modbus"))


@each_profile
def test_the_golden_file_knows_every_point(file):
    assert set(golden(file).values) == set(profile_of(file).points)


@each_profile
def test_every_file_names_maker_model_and_source(file):
    profile = profile_of(file)
    assert profile.manufacturer == "Sfere Electric"
    assert profile.model
    assert len(profile.source) > 20


@each_profile
def test_every_point_has_a_unit_or_is_a_status_a_text_or_a_plain_number(file):
    bare = [point.key for point in profile_of(file).points.values() if not point.unit and point.kind not in
            (Kind.STATUS, Kind.TEXT) and not NUMBERS.fullmatch(point.key)]  # fmt: skip
    assert bare == []


@each_profile
def test_every_key_follows_the_grammar_of_names(file):
    assert [key for key in profile_of(file).points if not KEYS.fullmatch(key)] == []


@each_profile
def test_no_two_points_share_a_register_unless_they_are_parts_of_it(file):
    taken: dict[tuple[int, int], MappedPoint] = {}
    for point in profile_of(file).points.values():
        for register in range(point.address, point.end):
            part = part_of(point)
            others = [other for bits in range(16) if part >> bits & 1 and (other := taken.get((register, bits)))]
            assert not others, f"{point.key} and {others[0].key} both take register 0x{register:X}"
            taken |= {(register, bits): point for bits in range(16) if part >> bits & 1}


def part_of(point: MappedPoint) -> int:
    """The bits of its register that a point takes, as a mask."""
    if point.bit is not None:
        return 1 << point.bit
    return {"high": 0xFF00, "low": 0x00FF, None: 0xFFFF}[point.byte]


@each_profile
def test_energies_that_only_grow_are_counters_and_whole_ones_say_when_they_roll_over(file):
    for point in profile_of(file).points.values():
        if "energy" in point.key and not re.search(r"_(this_month|last_\d+)$", point.key):
            assert point.kind is Kind.COUNTER, point.key
            assert (point.rollover is not None) == (point.type == "u32"), point.key
        elif point.key.startswith("active_energy"):
            assert point.kind is Kind.MEASUREMENT, f"{point.key} falls back to zero or moves on: it is no counter"


@each_profile
def test_primary_floats_are_left_alone_and_secondary_integers_take_their_ratio(file):
    expected = {"V": "pt", "A": "ct", "kW": "ptct", "kvar": "ptct", "kVA": "ptct", "kWh": "ptct", "kvarh": "ptct",
                "kVAh": "ptct"}  # fmt: skip
    profile = profile_of(file)
    for point in profile.points.values():
        own = point.key.startswith(("setting_pt", "setting_ct"))
        secondary = profile.ratio.mode == "registers" and point.type != "f32" and not own
        assert point.ratio == (expected.get(point.unit, "none") if secondary else "none"), point.key


@pytest.mark.parametrize("stem", ["sfere100", "sfere700", "pd666", "pd195z_e33", "cd194z"])
def test_a_guessed_map_marks_all_its_points_as_assumed(stem):
    points = load_profile(f"sfere/{stem}", PROFILES).points.values()
    assert {point.confidence for point in points} == {Confidence.ASSUMED}


@each_profile
@pytest.mark.parametrize("baudrate", [9600, 115200])
def test_the_whole_map_is_read_in_the_fewest_requests(file, baudrate):
    profile, expected = profile_of(file), golden(file)
    points = tuple(profile.points.values())
    blocks = plan(points, Ground(profile.modbus, points), Wire(Framing.RTU, baudrate))
    assert len(blocks) == (expected.transactions_9600 if baudrate == 9600 else expected.transactions)


@each_profile
def test_live_values_take_as_few_requests_as_the_golden_file_says(file):
    profile = profile_of(file)
    live = [point for point in profile.points.values() if point.scan == "fast"]
    blocks = plan(live, Ground(profile.modbus, tuple(profile.points.values())), Wire(Framing.RTU, 9600))
    assert len(blocks) == golden(file).live


def test_only_relays_can_be_written_and_only_by_function_5():
    for file in GOLDEN:
        for point in profile_of(file).points.values():
            if point.write is not None:
                assert re.fullmatch(r"relay_\d", point.key), f"{file.stem}: {point.key}"
                assert (point.write.function, point.write.address, point.kind) == (5, point.bit, Kind.STATUS)


def test_golden_registers_are_16_bits_and_the_floats_in_them_are_floats():
    for file in GOLDEN:
        expected = golden(file)
        assert all(0 <= word <= 0xFFFF for words in expected.registers.values() for word in words)
    first = golden(next(file for file in GOLDEN if file.stem == "sfere720")).registers[6]
    assert struct.unpack(">f", struct.pack(">HH", *first[:2]))[0] == pytest.approx(230.1)
