"""Loading plugins: each on its own, a broken one is listed and the rest run."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from hub.plugins import Plugins, load_plugins

GOOD = """
import voluptuous as vol
from importlib.resources import files
from hub.sdk import Integration, ProfileFolder, hookimpl

async def run(context, config):
    pass

@hookimpl
def hub_integrations():
    return [Integration("good", vol.Schema({}), run)]

@hookimpl
def hub_profiles():
    import pathlib
    return [ProfileFolder("modbus", "acme", pathlib.Path(__file__).parent / "profiles")]

@hookimpl
def hub_commands(cli):
    @cli.command()
    def acme():
        pass
"""

BROKEN = {
    "broken_import": "raise RuntimeError('no libfoo on this machine')",
    "broken_syntax": "def run(:\n",
    "broken_exit": "import sys; sys.exit(3)",
    "broken_hook": "from hub.sdk import hookimpl\n@hookimpl\ndef hub_integrations():\n    raise KeyError('gone')\n",
    "broken_answer": "from hub.sdk import hookimpl\n@hookimpl\ndef hub_integrations():\n    return ['not one']\n",
    "broken_spec": "from hub.sdk import hookimpl\n@hookimpl\ndef hub_integrations(nonsense):\n    return []\n",
}


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """A good plugin among several that fail in every way a module can."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, source in {"good_plugin": GOOD, "twin_plugin": GOOD, **BROKEN}.items():
        (tmp_path / f"zoo_{name}.py").write_text(source)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "pm5.yaml").write_text("manufacturer: Acme\n")
    names = ["good_plugin", "twin_plugin", *BROKEN]
    plugins = load_plugins(EntryPoint(name, f"zoo_{name}", "kwhub") for name in names)
    for name in names:
        sys.modules.pop(f"zoo_{name}", None)
    return plugins


def test_every_plugin_is_listed_and_the_good_one_works(zoo: Plugins) -> None:
    assert {entry.name for entry in zoo.installed} == {"good_plugin", "twin_plugin", *BROKEN}
    assert list(zoo.integrations) == ["good"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken_import", "RuntimeError: no libfoo on this machine"),
        ("broken_syntax", "SyntaxError"),
        ("broken_exit", "SystemExit: 3"),
        ("broken_hook", "KeyError: 'gone'"),
        ("broken_answer", "expected hub.sdk.Integration"),
        ("broken_spec", "nonsense"),
        ("twin_plugin", "integration good is brought by another plugin already"),
    ],
)
def test_a_broken_plugin_says_what_is_wrong_with_it(zoo: Plugins, name: str, words: str) -> None:
    entry = next(entry for entry in zoo.installed if entry.name == name)
    assert words in entry.error
    assert entry.trace


def test_profiles_are_known_by_prefix_and_file_for_their_protocol_only(zoo: Plugins) -> None:
    assert list(zoo.profiles("modbus")) == ["acme/pm5"]
    assert zoo.profiles("dlt645") == {}


def test_plugins_add_their_commands(zoo: Plugins) -> None:
    cli = typer.Typer()
    zoo.add_commands(cli)
    assert "acme" in {command.callback.__name__ for command in cli.registered_commands if command.callback}
