"""Profiles: expansion, inheritance, exact decimals, and errors that help."""

from fractions import Fraction
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
from hub_modbus.codec import encode, image, values
from hub_modbus.expand import expand
from hub_modbus.profile import Match, RatioRegister, load_profile, profiles_in
from hub_modbus.readout import Readout, as_registers
from hub_modbus.registers import DataType, Ratios

from hub.sdk import Confidence, Kind, ProfileError

PANEL = """\
manufacturer: Acme
model: PM5
source: Acme PM5 manual, revision 3, page 40
confidence: verified
modbus: {max_read: 64, forbidden: [[0x136, 0x13C]]}
ratio: {mode: registers, pt: {address: 0x6B, type: u16}, ct: {address: 0x6C, type: u16}}
points:
  voltage_{l1,l2,l3}: {address: 0x3D, type: u16, scale: 0.1, unit: V, ratio: pt, scan: fast, deadband: 0.2%}
  active_power: {address: 0x49, type: s16, scale: 0.001, unit: kW, ratio: ptct}
  active_energy_{import,export}: {address: 0x54, type: u32, scale: 0.001, unit: kWh, ratio: ptct, kind: counter}
  harmonic_{voltage,current}_l1_{2..5}: {address: 0x31C, type: u16, scale: 0.01, unit: "%", scan: quality}
  relay_{1,2}: {address: 0x36, bit: 0, scan: fast, write: {function: 5, address: 0}}
  serial_number: {address: 0x700, type: ascii, count: 4, scan: settings}
"""


def write(folder: Path, **files: str) -> dict[str, Traversable]:
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return profiles_in(folder, "acme")


def faults(folder: Path, content: str, **files: str) -> list[str]:
    known = write(folder, bad=content, **files)
    with pytest.raises(ProfileError) as error:
        load_profile("acme/bad", known)
    return [line.replace(f"{folder}/", "") for line in str(error.value).splitlines()]


def test_braces_list_and_count_and_the_rightmost_runs_fastest():
    assert expand("voltage_{l1,l2,l3}") == ["voltage_l1", "voltage_l2", "voltage_l3"]
    assert expand("h_{a,b}_{2..4}") == ["h_a_2", "h_a_3", "h_a_4", "h_b_2", "h_b_3", "h_b_4"]
    assert expand("frequency") == ["frequency"]


@pytest.mark.parametrize("pattern", ["a_{1..", "a_1}", "a_{4..2}", "a_{l1,,l3}", "a_{}"])
def test_braces_that_make_no_sense_are_refused_with_an_example(pattern):
    with pytest.raises(ValueError, match=r"write \{"):
        expand(pattern)


def test_a_row_of_points_steps_by_the_width_of_its_type(tmp_path):
    points = load_profile("acme/panel", write(tmp_path, panel=PANEL)).points
    assert [points[f"voltage_{phase}"].address for phase in ("l1", "l2", "l3")] == [0x3D, 0x3E, 0x3F]
    assert points["active_energy_export"].address == 0x56
    assert points["harmonic_current_l1_2"].address == 0x31C + 4
    assert (points["relay_2"].address, points["relay_2"].bit) == (0x36, 1)
    assert points["relay_2"].write is not None
    assert points["relay_2"].write.address == 1


def test_each_brace_may_have_its_own_step(tmp_path):
    text = "source: s\npoints:\n  current_{l1,l2,l3}_circuit_{1..4}: {address: 0x14, type: f32, step: [2, 0x48]}\n"
    points = load_profile("acme/p", write(tmp_path, p=text)).points
    assert points["current_l1_circuit_1"].address == 0x14
    assert points["current_l3_circuit_1"].address == 0x14 + 4
    assert points["current_l2_circuit_4"].address == 0x14 + 2 + 3 * 0x48


def test_a_star_removes_every_inherited_point_that_matches(tmp_path):
    parent = "source: s\npoints:\n  current_circuit_{1..12}: {address: 1}\n  frequency: {address: 20}\n"
    child = 'source: s\nextends: acme/parent\npoints:\n  "*_circuit_{10..12}": null\n  "*_circuit_1": null\n'
    points = load_profile("acme/child", write(tmp_path, parent=parent, child=child)).points
    assert list(points) == [*(f"current_circuit_{number}" for number in range(2, 10)), "frequency"]


def test_a_profile_says_how_its_meter_names_itself_and_its_children_do_not_inherit_that(tmp_path):
    parent = "source: s\nmatch: {address: 0xFFE0, count: 16, text: PM5}\npoints:\n  frequency: {address: 20}\n"
    known = write(tmp_path, parent=parent, child="source: s\nextends: acme/parent\n")
    assert load_profile("acme/parent", known).match == Match(0xFFE0, 16, "PM5", 3)
    assert load_profile("acme/child", known).match is None


def test_bytes_of_a_row_alternate_high_and_low(tmp_path):
    text = "source: s\npoints:\n  code_{1..4}: {address: 10, byte: high}\n"
    points = load_profile("acme/p", write(tmp_path, p=text)).points
    places = [(point.address, point.byte) for point in points.values()]
    assert places == [(10, "high"), (10, "low"), (11, "high"), (11, "low")]


def test_kinds_follow_from_what_is_read(tmp_path):
    points = load_profile("acme/panel", write(tmp_path, panel=PANEL)).points
    assert points["relay_1"].kind is Kind.STATUS
    assert points["serial_number"].kind is Kind.TEXT
    assert points["active_power"].kind is Kind.MEASUREMENT
    assert points["active_energy_import"].rollover == Fraction(2**32, 1000)
    assert points["voltage_l1"].deadband_percent == 0.2


def test_a_child_overrides_field_by_field_removes_and_lowers_the_confidence(tmp_path):
    child = """\
source: a guess
extends: acme/panel
confidence: assumed
modbus: {max_read: 32}
points:
  voltage_l2: {deadband: 1}
  active_energy_export: null
  frequency: {address: 0x53, scale: 0.01, unit: Hz}
"""
    profile = load_profile("acme/child", write(tmp_path, panel=PANEL, child=child))
    assert profile.manufacturer == "Acme"
    assert (profile.modbus.max_read, profile.modbus.forbidden) == (32, ((0x136, 0x13C),))
    assert profile.points["voltage_l2"].address == 0x3E
    assert (profile.points["voltage_l2"].deadband, profile.points["voltage_l2"].deadband_percent) == (1.0, 0.0)
    assert "active_energy_export" not in profile.points
    assert {point.confidence for point in profile.points.values()} == {Confidence.ASSUMED}


def test_a_plant_has_the_last_word_on_its_meter(tmp_path):
    known = write(tmp_path, panel=PANEL)
    overrides = {"ratio": {"mode": "fixed", "pt": 100, "ct": 40}, "scan": {"fast": 2}, "points": {"relay_2": None}}
    profile = load_profile("acme/panel", known, overrides)
    assert profile.ratio.fixed == Ratios(Fraction(100), Fraction(40))
    assert profile.ratio.registers == {}
    assert profile.scan["fast"] == 2.0
    assert "relay_2" not in profile.points
    assert profile.points["voltage_l1"].confidence is Confidence.VERIFIED


def test_numbers_replace_ratio_registers_without_saying_so(tmp_path):
    known = write(tmp_path, panel=PANEL)
    rule = load_profile("acme/panel", known, {"ratio": {"pt": 100, "ct": 40}}).ratio
    assert (rule.mode, rule.fixed) == ("fixed", Ratios(Fraction(100), Fraction(40)))
    half = load_profile("acme/panel", known, {"ratio": {"pt": 100}}).ratio
    assert (half.mode, half.fixed.pt, list(half.registers)) == ("registers", Fraction(100), ["ct"])


def test_a_ratio_may_be_one_register_divided_by_another(tmp_path):
    text = (
        "source: s\nratio: {pt: {address: 0x80E, type: u32, divided_by: {address: 0x80A, scale: 0.1}}}\n"
        "points: {a: {address: 1}}\n"
    )
    rule = load_profile("acme/p", write(tmp_path, p=text)).ratio
    assert rule.mode == "registers"
    assert isinstance(rule.pt, RatioRegister)
    assert rule.pt.divided_by is not None
    assert (rule.pt.value.address, rule.pt.divided_by.address) == (0x80E, 0x80A)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a: {address: 70000}", "bad.yaml:3: points.a.address: expected a whole number from 0 to 65535"),
        ("a: {adress: 1}", "bad.yaml:3: points.a.adress: no such key; did you mean address?"),
        ("a: {address: 1, unit: Q}", "bad.yaml:3: points.a.unit: unknown unit 'Q'"),
        ("a: {address: 1, scan: fats}", "bad.yaml:3: points.a: scan class fats is not declared; known: fast"),
        ("a: {address: 1, type: ascii}", "bad.yaml:3: points.a: type ascii needs count"),
        ("a: {address: 1, type: f32, bit: 1}", "bad.yaml:3: points.a: takes a bit or byte out of one register"),
        ("a: {address: 65535, type: u32}", "bad.yaml:3: points.a: ends behind the last register"),
        ("a: {address: 1, scale: yes}", "bad.yaml:3: points.a.scale: expected a number, found 'yes'"),
        ("a: {address: 1, deadband: 5mm}", "bad.yaml:3: points.a.deadband: expected a number in the point's unit"),
        ("a: {address: 1, width: 32}", "bad.yaml:3: points.a: width and rollover belong to kind: counter"),
        ("a: {address: 1, believable: [3, 1]}", "bad.yaml:3: points.a.believable: expected [low, high]"),
        ("a: {unit: V}", "bad.yaml:3: points.a: has no address"),
        ("Ua: {address: 1}", "bad.yaml:3: points.Ua: expected lower snake case"),
        ("a_{1..: {address: 1}", "bad.yaml:3: points: 'a_{1..' has a brace without its partner"),
        ("a_{1..2}: {address: 1, step: [1, 2]}", "bad.yaml:3: points: step has 2 numbers, but 'a_{1..2}' has 1 braces"),
        ('"a*": null', "bad.yaml:3: points.a*: nothing to remove"),
        ("a: null", "bad.yaml:3: points.a: nothing to remove"),
        ("a: {address: 1, write: {function: 14, address: 0}}", "expected one of 5, 6, 15, 16"),
        ("a: {address: 1, write: {function: 5, address: 0, on: 1}}", "write needs on and off together"),
    ],
)
def test_each_mistake_is_told_with_line_point_and_what_was_expected(tmp_path, line, expected):
    assert expected in "\n".join(faults(tmp_path, f"source: s\npoints:\n  {line}\n"))


def test_every_mistake_of_a_file_is_told_at_once(tmp_path):
    told = faults(
        tmp_path, "source: s\nmodbus: {maxread: 5}\npoints:\n  a: {address: -1}\n  B: {address: 1}\n  c: {unit: V}\n"
    )
    assert [fault.split(": ")[0] for fault in told] == [f"bad.yaml:{line}" for line in (2, 4, 5, 6)]


def test_a_profile_without_a_source_is_refused(tmp_path):
    assert "source: expected the manual" in faults(tmp_path, "points: {a: {address: 1}}\n")[0]


def test_a_point_in_a_forbidden_span_is_refused(tmp_path):
    told = faults(tmp_path, "source: s\nmodbus: {forbidden: [[1, 3]]}\npoints:\n  a: {address: 0, type: u32}\n")
    assert "inside the forbidden span 0x1 to 0x3" in told[0]


def test_a_point_written_twice_is_refused(tmp_path):
    assert "bad.yaml:4: a stands here a second time" in faults(
        tmp_path, "source: s\npoints:\n  a: {address: 1}\n  a: {address: 2}\n"
    )


def test_an_unknown_parent_is_told_with_the_nearest_names(tmp_path):
    told = faults(tmp_path, "source: s\nextends: acme/pannel\n", panel=PANEL)
    assert told == ["bad.yaml:2: no profile acme/pannel; did you mean acme/panel or acme/bad?"]


def test_a_profile_that_extends_itself_is_refused(tmp_path):
    assert "extends itself" in faults(tmp_path, "source: s\nextends: acme/bad\n")[0]


def test_bytes_that_are_no_yaml_are_told_with_the_line(tmp_path):
    assert faults(tmp_path, "source: s\npoints: {a: [\n")[0].startswith("bad.yaml:3: not YAML")


def test_on_and_off_are_words_and_clock_times_are_texts(tmp_path):
    text = "source: 12:30\npoints:\n  a: {address: 1, bit: 0, write: {function: 6, address: 5, on: 0xFF, off: 1}}\n"
    profile = load_profile("acme/p", write(tmp_path, p=text))
    assert profile.source == "12:30"
    assert profile.points["a"].write is not None
    assert (profile.points["a"].write.on, profile.points["a"].write.off) == (255, 1)


def test_decimals_come_out_to_their_last_digit(tmp_path):
    points = load_profile("acme/panel", write(tmp_path, panel=PANEL)).points
    volts = Readout([points["voltage_l1"]], 0x3D, Ratios())
    wrong = [
        raw for raw in range(65536) if repr(volts.values(as_registers([raw]))[0].item()) != f"{raw // 10}.{raw % 10}"
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("fields", "value", "words"),
    [
        ("type: u16, scale: 0.1", 230.1, [2301]),
        ("type: s16, scale: 0.001", -1.234, [0xFB2E]),
        ("type: u32, scale: 0.001", 123456.789, [0x075B, 0xCD15]),
        ("type: u32, scale: 0.001, word_order: little", 123456.789, [0xCD15, 0x075B]),
        ("type: s32, byte_order: little", -2, [0xFFFF, 0xFEFF]),
        ("type: u64", 2**40 + 5, [0, 0x100, 0, 5]),
        ("type: s64, word_order: little", -1, [0xFFFF] * 4),
        ("type: f32", 230.1, [0x4366, 0x199A]),
        ("type: f32, word_order: little", 230.1, [0x199A, 0x4366]),
        ("type: f32, word_order: little, byte_order: little", 230.1, [0x9A19, 0x6643]),
        ("type: f64", 0.1, [0x3FB9, 0x9999, 0x9999, 0x999A]),
        ("type: bcd16", 1234, [0x1234]),
        ("type: bcd32, scale: 0.01", 123456.78, [0x1234, 0x5678]),
        ("bit: 3", 1, [8]),
        ("byte: high", 18, [0x1200]),
        ("type: ascii, count: 3", "PM5", [0x504D, 0x3500, 0]),
        ("type: u16, scale: 0.1, offset: -40", -12.5, [275]),
    ],
)
def test_every_type_goes_to_registers_and_back(tmp_path, fields, value, words):
    text = f"source: s\npoints:\n  a: {{address: 4, {fields}}}\n"
    point = load_profile("acme/p", write(tmp_path, p=text)).points["a"]
    assert encode(point, value) == words
    assert values([point], image([point], {"a": value})) == {"a": value}


def test_ratios_multiply_and_stay_exact(tmp_path):
    points = load_profile("acme/panel", write(tmp_path, panel=PANEL)).points.values()
    ratios = Ratios(Fraction(110), Fraction(30))
    wanted = {"voltage_l1": 230.1 * 110, "active_power": -405.9, "active_energy_import": 407407403.7}
    read = values(points, image(points, wanted, ratios), ratios)
    assert {key: read[key] for key in wanted} == {**wanted, "voltage_l1": 25311.0}


@pytest.mark.parametrize(("fields", "words"), [
    ("type: u16, invalid: 0xFFFF", [0xFFFF]),
    ("type: s16, invalid: [0x8000, 0x7FFF]", [0x8000]),
    ("type: f32", [0x7FC0, 0]),
    ("type: f32", [0x7F80, 0]),
    ("type: bcd16", [0x12A4]),
])  # fmt: skip
def test_what_means_no_value_is_no_value(tmp_path, fields, words):
    text = f"source: s\npoints:\n  a: {{address: 0, {fields}}}\n"
    point = load_profile("acme/p", write(tmp_path, p=text)).points["a"]
    value = values([point], {3: dict(enumerate(words))})["a"]
    assert value != value


@pytest.mark.parametrize("value", [-1, 70000])
def test_a_value_that_does_not_fit_is_refused(tmp_path, value):
    point = load_profile("acme/p", write(tmp_path, p="source: s\npoints: {a: {address: 0}}\n")).points["a"]
    with pytest.raises(ValueError, match="does not fit type u16"):
        encode(point, value)


def test_types_know_where_they_roll_over():
    assert DataType.U32.rollover == 2**32
    assert DataType.BCD32.rollover == 10**8
    assert DataType.F32.rollover is None
