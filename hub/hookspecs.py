"""The hooks: what the hub asks of its plugins. All are synchronous and called once, at start."""

from __future__ import annotations

import pluggy
import typer

PROJECT = "kwhub"
"""Entry-point group and pluggy project name."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def hub_integrations() -> list[object]:  # type: ignore[empty-body]
    """`hub.sdk.Integration`s this plugin brings: key in YAML, schema, coroutine."""


@hookspec
def hub_profiles() -> list[object]:  # type: ignore[empty-body]
    """`hub.sdk.ProfileFolder`s: meter profiles as YAML, each folder for one protocol and under one prefix."""


@hookspec
def hub_commands(cli: typer.Typer) -> None:
    """Add commands to `kwhub`, such as `scan` or `simulate`, by decorating functions with `cli.command()`."""
