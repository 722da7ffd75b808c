"""docs/reference/configuration.md says what the hub reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.config import Configuration, Settings
from hub.config.project import AREA, HEAD
from hub.config.settings import SETTINGS

Plant = Callable[[dict[str, str]], Path]
Read = Callable[[Path], Configuration]

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```ya?ml\n# config/(\S+)\n(.*?)```", PAGE, re.DOTALL))


def test_the_example_is_read_without_a_fault(plant: Plant, read: Read) -> None:
    hub_yaml = plant({f"config/{name}": text for name, text in FILES.items()}).parent / "config" / "hub.yaml"
    configuration = read(hub_yaml)
    assert configuration.errors == []
    assert [entry.id for entry in configuration.entries] == ["line_1", "roof"]
    assert configuration.projects["demo"].entries[1].config["tcp"]["host"] == "10.20.0.7"


def test_the_example_of_hub_yaml_shows_the_defaults_and_every_key(plant: Plant, read: Read) -> None:
    hub_yaml = plant({"config/hub.yaml": FILES["hub.yaml"]}).parent / "config" / "hub.yaml"
    shown = read(hub_yaml).settings
    defaults = Settings(data=hub_yaml.parent.parent / "data")
    assert {name for name in Settings.__slots__ if getattr(shown, name) != getattr(defaults, name)} == {"history"}
    assert all(re.search(rf"^{key}:", FILES["hub.yaml"], re.MULTILINE) for key in map(str, SETTINGS.schema))


@pytest.mark.parametrize("key", [*SETTINGS.schema, *HEAD.schema, *AREA.schema, "id", "devices", "device", "profile"])
def test_every_key_is_explained(key: object) -> None:
    assert re.search(rf"^\|.*`{key}(\.\w+)?`", PAGE, re.MULTILINE)


@pytest.mark.parametrize("key", SETTINGS.schema["history"])
def test_every_key_of_history_is_explained(key: object) -> None:
    assert f"| `history.{key}` |" in PAGE
