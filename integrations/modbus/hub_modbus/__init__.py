"""Modbus RTU, ASCII and TCP meters from profiles in YAML."""

from importlib.resources import files

import typer

from hub.sdk import Integration, ProfileFolder, hookimpl
from hub_modbus.commands import add_commands
from hub_modbus.config import SCHEMA, check
from hub_modbus.poll import run


@hookimpl
def hub_integrations() -> list[Integration]:
    """Modbus as an integration: one entry is one line with its devices."""
    return [Integration("modbus", SCHEMA, run, check=check)]


@hookimpl
def hub_profiles() -> list[ProfileFolder]:
    """A widespread meter of another maker, to try a line with."""
    return [ProfileFolder("modbus", "eastron", files(__name__) / "profiles")]


@hookimpl
def hub_commands(cli: typer.Typer) -> None:
    """`kwhub scan` and `kwhub probe`."""
    add_commands(cli)
