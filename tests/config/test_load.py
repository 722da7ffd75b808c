"""What a good configuration becomes, and that nothing in the files makes reading fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.config import Area, Configuration, Settings
from hub.history.settings import HistorySettings

Plant = Callable[[dict[str, str]], Path]
Read = Callable[[Path], Configuration]

CASES = Path(__file__).parent / "cases"


def test_everything_written_arrives(read: Read) -> None:
    case = CASES / "everything_right"
    configuration = read(case / "hub.yaml")
    assert configuration.usable
    assert configuration.settings == Settings(
        data=CASES / "var",
        port=8081,
        database="postgresql://hub:pa55word@db/hub",
        history=HistorySettings(commit_seconds=1.0, export_after_days=2, retention_days=400),
        projects=("projects/demo.yaml",),
    )
    project = configuration.projects["demo"]
    assert (project.tenant, project.zone, project.phases, project.breakers) == ("acme", "Asia/Shanghai", "iec", "hp")
    assert project.name == {"en": "Demo plant", "zh": "示范工厂"}
    assert project.areas == {
        "site": Area("site", "Site"),
        "hall": Area("hall", {"en": "Hall", "zh": "车间"}, "site"),
        "yard": Area("yard"),
    }
    assert project.main_meters == {"electricity": ["incomer_1"]}
    line_1, line_2, box = project.entries
    assert (line_1.tenant, line_1.integration, line_1.file, line_1.line) == ("acme", "modbus", project.file, 14)
    assert line_1.config["serial"] == {"port": "/dev/ttyUSB7", "baudrate": 19200, "parity": "none"}
    assert line_1.config["devices"][0]["name"] == {"en": "Incomer", "zh": "进线"}
    assert line_2.config["serial"] == line_1.config["serial"]
    assert line_2.config["devices"][0]["unit_id"] == 61
    assert (box.id, box.config["interval"]) == ("acme_box", 1)
    names = [file.relative_to(case).as_posix() for file in configuration.files]
    assert names == ["hub.yaml", "secrets.yaml", "projects/demo.yaml", "projects/parts/meters.yaml"]


def test_a_file_that_says_nothing_gives_the_defaults(plant: Plant, read: Read) -> None:
    hub_yaml = plant({"conf/hub.yaml": ""}).parent / "conf" / "hub.yaml"
    chosen = read(hub_yaml).settings
    data = hub_yaml.parent.parent / "data"
    assert chosen == Settings(data, "127.0.0.1", 8080, None, HistorySettings(), ("projects/*.yaml",), control=False)
    assert chosen.database_url == f"sqlite:///{data}/hub.db"


def test_paths_in_errors_are_told_as_the_user_gave_them(
    plant: Plant, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(plant({"projects/demo.yaml": "project: demo\n"}).parent)
    (error,) = read(Path("hub.yaml")).errors
    assert (error.file, error.line, error.path) == ("projects/demo.yaml", 1, "zone")
    (error,) = read(Path("./projects/../hub.yaml")).errors
    assert error.file == "projects/demo.yaml"


def test_a_name_is_the_key_unless_one_is_given(plant: Plant, read: Read) -> None:
    hub_yaml = plant({"projects/demo.yaml": "project: demo\nzone: UTC\n"})
    assert read(hub_yaml).projects["demo"].name == "demo"


def test_main_meters_are_not_doubted_where_an_entry_finds_its_devices_itself(plant: Plant, read: Read) -> None:
    text = (
        "project: demo\nzone: UTC\nmain_meters: {electricity: [found_later]}\nintegrations: {moody: [{mood: fine}]}\n"
    )
    configuration = read(plant({"projects/demo.yaml": text}))
    assert configuration.errors == []
    assert configuration.projects["demo"].main_meters == {"electricity": ["found_later"]}


def test_the_files_to_watch_are_also_those_that_were_missed(plant: Plant, read: Read) -> None:
    body = "project: demo\nzone: UTC\nintegrations:\n  modbus: !include lines.yaml\n  acme_box: [{host: !secret x}]\n"
    hub_yaml = plant({"hub.yaml": "projects: [demo.yaml, absent.yaml, more/*.yaml]", "demo.yaml": body})
    configuration = read(hub_yaml)
    names = {file.relative_to(hub_yaml.parent).as_posix() for file in configuration.files}
    assert names == {"hub.yaml", "demo.yaml", "absent.yaml", "lines.yaml", "secrets.yaml"}
    plant({"more/new.yaml": "project: more\nzone: UTC\n"})
    assert hub_yaml.parent / "more" / "new.yaml" in configuration.files


def test_hub_yaml_and_secrets_are_no_projects_even_if_the_pattern_fits(plant: Plant, read: Read) -> None:
    hub_yaml = plant(
        {"hub.yaml": "projects: '*.yaml'", "secrets.yaml": "a: b", "demo.yaml": "project: demo\nzone: UTC\n"}
    )
    configuration = read(hub_yaml)
    assert configuration.errors == []
    assert list(configuration.projects) == ["demo"]


def test_a_fault_in_hub_yaml_makes_the_configuration_unusable_but_a_bad_entry_does_not(read: Read) -> None:
    assert not read(CASES / "hub_file_with_unknown_setting" / "hub.yaml").usable
    assert not read(CASES / "hub_file_missing" / "hub.yaml").usable
    assert read(CASES / "device_twice" / "hub.yaml").usable


def test_a_folder_in_place_of_a_file_is_told(plant: Plant, read: Read) -> None:
    hub_yaml = plant({"projects/demo.yaml/x": ""})
    assert "cannot be read" in str(read(hub_yaml).errors[0])


def test_reading_leaves_no_value_of_a_secret_in_what_may_be_printed(read: Read) -> None:
    text = repr(read(CASES / "everything_right" / "hub.yaml"))
    assert "pa55word" not in text
    assert "ttyUSB7" not in text


def test_entries_are_validated_apart_so_that_changing_one_leaves_the_others_alone(read: Read) -> None:
    first, second = (read(CASES / "everything_right" / "hub.yaml") for _ in range(2))
    assert first.projects == second.projects
    line_1, line_2, _ = first.projects["demo"].entries
    assert line_1.config["serial"] is not line_2.config["serial"]
    assert dataclasses.replace(line_1) == line_1


PIECES = st.sampled_from(
    [
        *("project: demo\n", "zone: UTC\n", "integrations:\n", "  modbus:\n", "    - id: a\n", "      devices:\n"),
        *("        - {device: x, profile: acme/pm5, unit_id: 1}\n", "areas: {a: {parent: b}}\n", "main_meters: [a]\n"),
        *(
            "!include demo.yaml",
            "!secret x",
            "<<: ",
            "&a ",
            "*a ",
            "- ",
            "? ",
            ": ",
            "{",
            "}",
            "[",
            "]",
            "\t",
            "'",
            '"',
        ),
        *("#", "|\n", ">\n", "---\n", "...\n", "%YAML 1.1\n", "!!set ", "!x ", "0x", "1e999", "null", "\x85", "\ufeff"),
        *("\n", " ", "  ", '"', "true", "é", "\u2028", "tcp: {host: 1, port: x}\n", "id: 5\n", "device: [x]\n"),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hub=st.lists(PIECES, max_size=12), project=st.lists(PIECES, max_size=40), raw=st.binary(max_size=60))
def test_no_text_whatever_makes_reading_fail(
    tmp_path: Path, read: Read, hub: list[str], project: list[str], raw: bytes
) -> None:
    (tmp_path / "projects").mkdir(exist_ok=True)
    (tmp_path / "hub.yaml").write_text("".join(hub), encoding="utf-8")
    (tmp_path / "projects" / "demo.yaml").write_text("".join(project), encoding="utf-8")
    (tmp_path / "projects" / "raw.yaml").write_bytes(raw)
    configuration = read(tmp_path / "hub.yaml")
    for error in configuration.errors:
        assert error.message
        assert error.file
        assert error.line >= 1
