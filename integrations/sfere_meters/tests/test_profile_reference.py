"""The reference of the profile format: its examples load, and it leaves no key out."""

import re
from pathlib import Path

import pytest
import yaml
from hub_modbus import schema
from hub_modbus.profile import SCAN, Profile, load_profile, profiles_in
from hub_modbus.registers import DataType, Write
from hub_sfere_meters import hub_profiles

from hub.sdk import Confidence, Kind

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "reference" / "profiles.md"
GUIDE = DOCS / "guide" / "sfere-meters.md"
FOLDER = hub_profiles()[0]


def blocks(page: Path) -> list[str]:
    """The YAML examples of a page."""
    return re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


WHOLE, VARIANT, DEVICE, GOLDEN = blocks(PAGE)


@pytest.fixture
def known(tmp_path):
    (tmp_path / "pm5.yaml").write_text(WHOLE, encoding="utf-8")
    (tmp_path / "pm5_light.yaml").write_text(VARIANT, encoding="utf-8")
    return profiles_in(tmp_path, "acme")


def test_the_whole_profile_loads_and_means_what_the_page_says(known):
    profile: Profile = load_profile("acme/pm5", known)
    points = profile.points
    assert profile.scan == SCAN | {"fast": 2.0, "demand": 30.0}
    assert points["harmonic_current_l2_5"].address == 0x400 + 1 + 3 * 6
    assert (points["relay_2"].bit, points["relay_2"].write) == (1, Write(5, 1))
    assert (points["clock_minute"].address, points["clock_minute"].byte) == (0x6B5, "low")
    assert points["serial_number"].kind is Kind.TEXT
    assert points["water_volume"].confidence is Confidence.ASSUMED
    secondary = profile.ratio.registers["pt"].divided_by
    assert secondary is not None
    assert (secondary.address, float(secondary.scale)) == (0x80A, 0.1)


def test_the_variant_changes_only_what_it_names(known):
    points = load_profile("acme/pm5_light", known).points
    assert float(points["active_energy_import"].scale) == 0.000001
    assert points["active_energy_import"].address == 0x54
    assert not [key for key in points if key.startswith(("relay", "harmonic"))]
    assert {point.confidence for point in points.values()} == {Confidence.ASSUMED}


def test_a_device_has_the_last_word(known):
    device = yaml.safe_load(DEVICE)
    profile = load_profile(device["profile"], known, {key: device[key] for key in ("ratio", "scan", "points")})
    assert float(profile.points["active_power"].scale) == -0.001
    assert "water_volume" not in profile.points


def test_the_golden_example_belongs_to_the_profile(known):
    golden = yaml.safe_load(GOLDEN)
    points = load_profile("acme/pm5", known).points
    assert set(golden["values"]) <= set(points)
    assert golden["registers"][points["voltage_l1"].address][0] * float(points["voltage_l1"].scale) == pytest.approx(
        golden["values"]["voltage_l1"]
    )


def test_the_devices_of_the_guide_have_profiles_and_its_correction_exchanges_the_energies():
    profiles = profiles_in(FOLDER.folder, FOLDER.prefix)
    plant, correction = (yaml.safe_load(block) for block in blocks(GUIDE))
    for device in plant["integrations"]["modbus"][0]["devices"]:
        load_profile(device["profile"], profiles, {"ratio": device.get("ratio", {})})
    before = load_profile(correction["profile"], profiles).points
    after = load_profile(correction["profile"], profiles, {"points": correction["points"]}).points
    assert len(correction["points"]) == 4
    for key in before:
        other = key.replace("import", "\0").replace("export", "import").replace("\0", "export")
        twin = other if key.startswith("active_energy") else key
        assert after[key].address == before[twin].address
        assert (after[key].kind, after[key].unit) == (before[key].kind, before[key].unit)


def test_a_device_may_leave_out_what_its_meter_lacks():
    profiles = profiles_in(FOLDER.folder, FOLDER.prefix)
    points = load_profile("sfere/pd194z_9ty", profiles, {"points": {"harmonic_*": None}}).points
    assert len(points) == 750 - 372


def test_every_key_of_the_format_is_explained():
    text = PAGE.read_text(encoding="utf-8")
    keys = {str(key) for part in (schema.PROFILE, schema.POINT, schema.MODBUS, schema.RATIO, schema.MATCH)
            for key in part.schema}  # fmt: skip
    words = keys | set(DataType) | set(Kind) | set(SCAN) | {"divided_by", "on", "off"}
    assert [word for word in sorted(words) if f"`{word}" not in text and f" {word}`" not in text] == []
