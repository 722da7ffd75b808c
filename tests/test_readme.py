"""What the documents tell people to write and to call is what the hub understands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from house import documents
from house.documents import Example
from house.tree import Tree
from hub.cli import command_line
from hub.config import load
from hub.plugins import Plugins, load_plugins

TREE = Tree()
EXAMPLES = [example for example in documents.examples(TREE, "yaml") if "\nregisters:" not in example.text]
"""Without golden files: the tests of their plugins serve them."""

SHELL = documents.examples(TREE, "sh", "console")
HUB = "projects: [works.yaml]\n"


class Loose(yaml.SafeLoader):
    """Reads any example, whatever its tags."""


Loose.add_multi_constructor("!", lambda loader, suffix, node: str(getattr(node, "value", suffix)))


@pytest.fixture(scope="module")
def installed() -> Plugins:
    return load_plugins()


@pytest.fixture(scope="module")
def console(installed: Plugins) -> TyperGroup:
    group = get_command(command_line(installed))
    assert isinstance(group, TyperGroup)
    return group


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.place)
def test_an_example_of_configuration_is_accepted(example: Example, installed: Plugins, tmp_path: Path) -> None:
    content = yaml.load(example.text, Loose)
    if "manufacturer" in content or "extends" in content:
        try_device({"device": "incomer_1", "profile": profile_name(example), "unit_id": 1}, installed, tmp_path)
    elif "device" in content:
        try_device(content, installed, tmp_path)
    elif {"projects", "data", "port"} & set(content):
        assert faults_of_hub(example.text, project_with({}), installed, tmp_path) == []
    else:
        text = example.text if "project" in content else project_with(content.get("integrations", content))
        assert faults_of_hub(HUB, text, installed, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modbus: [{serial: {port: /dev/ttyUSB0}, devices: [{device: a, profile: sfere/none}]}]", "sfere/none"),
        ("nonsense: [{}]", "nonsense"),
    ],
)
def test_a_wrong_example_would_be_found(text: str, words: str, installed: Plugins, tmp_path: Path) -> None:
    faults = faults_of_hub(HUB, project_with(yaml.safe_load(text)), installed, tmp_path)
    assert any(words in fault for fault in faults), faults


def test_every_command_in_the_documents_exists(console: TyperGroup) -> None:
    known = set(console.commands)
    named = {
        (TREE.name(path), word)
        for path in documents.documents(TREE)
        for word in re.findall(r"(?:`|^)kwhub ([a-z]+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert {(place, word) for place, word in named if word not in known} == set()
    assert named


def test_every_option_in_the_documents_exists(console: TyperGroup) -> None:
    lines = [
        (example.place, line.split())
        for example in SHELL
        for line in re.findall(r"^kwhub (.*)$", example.text, re.MULTILINE)
    ]
    unknown = [
        (place, word)
        for place, words in lines
        for word in words
        if word.startswith("-") and word.partition("=")[0] not in options(console, words)
    ]
    assert unknown == []


def options(group: TyperGroup, words: list[str]) -> set[str]:
    """Options of the command that `words` call, however deep it lies."""
    command = group.commands.get(words[0])
    if isinstance(command, TyperGroup):
        return options(command, words[1:])
    return {flag for parameter in command.params for flag in parameter.opts} if command else set()


def project_with(integrations: dict[str, Any]) -> str:
    """A project file around `integrations`, with every area they name."""
    text = yaml.safe_dump({"integrations": integrations}, allow_unicode=True)
    areas = sorted(set(re.findall(r"\barea: (\w+)", text)))
    head = {
        "project": "works",
        "name": "Works",
        "zone": "Asia/Shanghai",
        "areas": {area: {"name": area} for area in areas},
    }
    return yaml.safe_dump(head) + text


def faults_of_hub(hub: str, project: str, installed: Plugins, folder: Path) -> list[str]:
    """What the hub finds wrong with its two files."""
    (folder / "hub.yaml").write_text(hub, "utf-8")
    secrets = re.findall(r"!secret (\w+)", hub + project)
    (folder / "secrets.yaml").write_text("".join(f"{name}: secret\n" for name in secrets) or "none: none\n", "utf-8")
    content = yaml.load(hub, Loose)
    for number, name in enumerate(content.get("projects", ["works.yaml"])):
        (folder / name).write_text(project.replace("project: works", f"project: works_{number}"), "utf-8")
    found = load(folder / "hub.yaml", installed.integrations, installed.profiles)
    return [str(error) for error in found.errors]


def try_device(device: dict[str, Any], installed: Plugins, folder: Path) -> None:
    """Let the Modbus integration take a device that may use any profile shown in the documents. Raises vol.Invalid."""
    shown = {}
    for number, example in enumerate(EXAMPLES):
        if "/" in (name := profile_name(example)):
            shown[name] = folder / f"{number}.yaml"
            shown[name].write_text(example.text, "utf-8")
    modbus = installed.integrations["modbus"]
    config = modbus.schema({"serial": {"port": "/dev/ttyUSB0"}, "devices": [device]})
    assert modbus.check is not None
    modbus.check(config, {**installed.profiles("modbus"), **shown})


def profile_name(example: Example) -> str:
    """The name in the first line of a profile that a document shows: `# acme/pm5: what it is`."""
    match = re.match(r"# (\w+/\w+):", example.text)
    return match[1] if match else ""
