"""What a scalar means, and where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.config.source import Source


def value_of(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    document = Source(tmp_path).read(file)
    assert document.faults == []
    return document.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("0x3D", 61),
        ("-0x10", -16),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
        *((text, text) for text in ("on", "off", "yes", "no", "y", "n", "On", "OFF", "Yes", "NO", "True", "FALSE")),
        *((text, text) for text in ("12:30", "1:30:00", "0777", "007", "-01", "1_000", "0x_1", "0b1", "0o17", "1.2.3")),
        *((text, text) for text in ("2024-01-01", "2024-01-01T00:00:00Z", "=", ".nan", "Null", "1,5", "5 V", "+", ".")),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("千瓦时", "千瓦时"),
    ],
)
def test_only_what_looks_like_it_is_a_number_or_a_boolean(tmp_path: Path, written: str, meant: object) -> None:
    value = value_of(tmp_path, f"key: {written}\n")["key"]
    assert (value, type(value)) == (meant, type(meant))


def test_keys_stay_what_they_look_like(tmp_path: Path) -> None:
    assert value_of(tmp_path, "{on: 1, 12:30: 2, no: 3, 5: 4, 0x10: 5}") == {"on": 1, "12:30": 2, "no": 3, 5: 4, 16: 5}


def test_every_mapping_key_and_list_item_knows_its_line(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("# first line\n- a: 1\n  b: 2\n- {a: 3}\n")
    file = tmp_path / "a.yaml"
    file.write_text("# comment\nx:\n  y:\n    - 1\n    -\n      z: 2\npart: !include part.yaml\n")
    document = Source(tmp_path).read(file)
    places = {keys: (Path(place.file).name, place.line) for keys, place in document.places.items()}
    assert places == {
        (): ("a.yaml", 2),
        ("x",): ("a.yaml", 2),
        ("x", "y"): ("a.yaml", 3),
        ("x", "y", 0): ("a.yaml", 4),
        ("x", "y", 1): ("a.yaml", 6),
        ("x", "y", 1, "z"): ("a.yaml", 6),
        ("part",): ("a.yaml", 7),
        ("part", 0): ("part.yaml", 2),
        ("part", 0, "a"): ("part.yaml", 2),
        ("part", 0, "b"): ("part.yaml", 3),
        ("part", 1): ("part.yaml", 4),
        ("part", 1, "a"): ("part.yaml", 4),
    }


def test_merged_mappings_give_way_to_what_is_written(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 0}\nd: {x: 0, <<: *a}\n"
    value = value_of(tmp_path, text)
    assert value["c"] == {"x": 0, "y": 1, "z": 2}
    assert value["d"] == {"x": 0, "y": 1}


def test_an_included_file_may_be_merged(tmp_path: Path) -> None:
    (tmp_path / "line.yaml").write_text("baudrate: 9600\nparity: none\n")
    assert value_of(tmp_path, "<<: !include line.yaml\nparity: even\n") == {"baudrate": 9600, "parity": "even"}


def test_includes_are_relative_to_the_file_that_includes(tmp_path: Path) -> None:
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    (tmp_path / "parts" / "a.yaml").write_text("inner: !include deep/b.yaml\n")
    (tmp_path / "parts" / "deep" / "b.yaml").write_text("- !include ../../c.yaml\n")
    (tmp_path / "c.yaml").write_text("5")
    file = tmp_path / "top.yaml"
    file.write_text("x: !include parts/a.yaml\ny: !include c.yaml\n")
    document = Source(tmp_path).read(file)
    assert document.value == {"x": {"inner": [5]}, "y": 5}
    assert [path.name for path in document.files] == ["top.yaml", "a.yaml", "b.yaml", "c.yaml", "c.yaml"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes("\ufeffname: 示范工厂\r\nport: 8080\r\n".encode())
    assert Source(tmp_path).read(file).value == {"name": "示范工厂", "port": 8080}


def test_very_deep_nesting_is_an_error_and_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("[" * 100_000)
    assert Source(tmp_path).read(file).faults


def test_a_number_of_ten_thousand_digits_is_an_error_and_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("key: " + "9" * 10_000)
    assert len(Source(tmp_path).read(file).faults) == 1
