"""Texts and files of the pages: translated, named, unchanged."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hub.core.health import EntryState, Fault
from hub.core.model import Confidence, Kind, Point
from hub.core.quality import Quality
from hub.web.answering import Answer
from hub.web.format import decimals, duration, number, size, stamp
from hub.web.frontend import frontend_folder
from hub.web.language import Language, load_languages
from hub.web.page import zone_of
from hub.web.points import QUANTITIES
from hub.web.words import Words

ROOT = Path(__file__).resolve().parents[2]


def tool(name: str) -> ModuleType:
    """A script of `.ci/` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def languages() -> dict[str, Language]:
    return load_languages(frontend_folder() / "locales")


def test_every_text_of_the_pages_is_translated_and_no_translation_is_left_over() -> None:
    assert tool("messages").faults() == []


def test_the_check_of_translations_sees_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = tool("messages")
    texts = messages.texts()
    del texts["Devices"]
    monkeypatch.setattr(messages, "texts", lambda: {**texts, "A new text of %(name)s": "here.html"})
    assert messages.faults() == [
        "not translated: 'A new text of %(name)s' (here.html)",
        "not used any more: 'Devices'",
    ]


def test_every_state_fault_kind_and_quality_has_a_word_in_both_languages(languages: dict[str, Language]) -> None:
    for language in languages.values():
        words = Words(language)
        assert set(words.states()) >= {*EntryState, *Answer, "up", "down"}
        assert [code for code, _ in words.faults()] == list(Fault)
        assert all(words.kind(kind) for kind in Kind)
        assert all(words.confidence(confidence) for confidence in Confidence)
        assert {bit for bit, _, _ in words.qualities()} == {int(bit) for bit in Quality}


def test_every_quantity_has_a_word_in_both_languages(languages: dict[str, Language]) -> None:
    chinese, english = Words(languages["zh-CN"]), Words(languages["en"])
    for quantity in QUANTITIES:
        assert chinese.point(quantity) != english.point(quantity), quantity
        assert not chinese.point(quantity).isascii()


@pytest.mark.parametrize(
    ("key", "english", "chinese"),
    [
        ("voltage_l1", "Voltage A", "电压 A"),
        ("voltage_l1_l2", "Voltage A-B", "电压 A-B"),
        ("current_n", "Current N", "电流 N"),
        ("active_power", "Active power", "有功功率"),
        ("active_energy_import_t1", "Active energy imported sharp", "正向有功电能 尖"),
        ("harmonic_current_l3_5", "Current harmonic C order 5", "电流谐波 C 5 次"),
        ("max_demand_active_power", "Maximum active power demand", "最大有功需量"),
        ("relay_2", "Relay 2", "继电器 2"),
        ("vibration_axis_x", "Vibration axis x", "Vibration axis x"),
    ],
)
def test_a_point_is_called_by_its_quantity_and_place(
    languages: dict[str, Language], key: str, english: str, chinese: str
) -> None:
    assert Words(languages["en"]).point(key) == english
    assert Words(languages["zh-CN"]).point(key) == chinese


def test_phases_are_called_as_the_project_calls_them(languages: dict[str, Language]) -> None:
    words = Words(languages["en"])
    assert words.point("voltage_l1_l2", "iec") == "Voltage L1-L2"
    assert (words.phase("l2", "cn"), words.phase("l2", "iec"), words.phase("n")) == ("B", "L2", "N")


def test_the_weightiest_flag_of_a_quality_is_told(languages: dict[str, Language]) -> None:
    words = Words(languages["en"])
    assert words.quality(0) == ("", "")
    assert words.quality(Quality.NOT_TOPICAL | Quality.INVALID) == ("bad", "invalid")
    assert words.quality(Quality.NOT_TOPICAL | Quality.SUBSTITUTED) == ("stale", "stale")


def test_figures_are_written_as_people_read_them(languages: dict[str, Language]) -> None:
    assert number(1234567.891, 1) == "1,234,567.9"
    assert number(-0.04, 1) == "0.0"
    assert number(-0.06, 1) == "-0.1"
    assert number(float("nan")) == number(None) == number(float("inf")) == "–"
    assert size(0) == "0 B"
    assert size(5 * 1024**3) == "5.0 GiB"
    assert size(2**50) == "1,024.0 TiB"
    assert stamp(0, zone_of(None)) == "–"
    assert stamp(1_795_000_000_000, zone_of(None)) == "2026-11-18 11:06:40"
    assert duration(59.4, languages["en"]) == "59 s"
    assert duration(3_661, languages["en"]) == "1 h 1 min"
    assert duration(90_061, languages["zh-CN"]) == "1 天 1 小时"
    assert duration(86_400, languages["en"]) == "1 d 0 h"
    assert duration(-5, languages["en"]) == "0 s"


def test_decimals_follow_unit_and_kind() -> None:
    assert decimals(Point("power_factor")) == 3
    assert decimals(Point("voltage_l1", "V")) == 1
    assert decimals(Point("frequency", "Hz")) == 2
    assert decimals(Point("relay_1", kind=Kind.STATUS)) == 0


def test_vendored_files_are_what_the_manifest_says() -> None:
    vendor = tool("vendor_frontend")
    packages = vendor.packages()
    assert len(packages) >= 6
    assert [fault for package in packages for fault in vendor.faults(package)] == []
    for package in packages:
        assert (package.target / "LICENSE").is_file()
        assert package.spdx in vendor.NOTICES.read_text()


def test_a_changed_vendored_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = tool("vendor_frontend")
    package = vendor.packages()[0]
    changed = vendor.Package(package.name, package.version, package.spdx, tmp_path, package.files)
    monkeypatch.setattr(vendor, "ROOT", tmp_path)
    changed.target.mkdir()
    (changed.target / "htmx.min.js").write_text("alert(1)")
    assert len(vendor.faults(changed)) == len(package.files)


def test_the_sprite_holds_exactly_the_icons_that_are_used() -> None:
    vendor = tool("vendor_frontend")
    sprite = vendor.SPRITE.read_text()
    assert [name.split('"')[0] for name in sprite.split('symbol id="')[1:]] == vendor.icons_used()


def test_every_vendored_file_is_in_the_manifest() -> None:
    vendor = tool("vendor_frontend")
    listed = {package.target / Path(name).name for package in vendor.packages() for name in package.files}
    there = {file for file in vendor.SHIPPED.rglob("*") if file.is_file()} - {vendor.MANIFEST}
    assert there <= listed
