"""What this plugin brings: profiles of a pulse input, `kwhub simulate`, `kwhub replay`, the integration `simulator`."""

from __future__ import annotations

from importlib.resources import files

import typer

from hub.sdk import Integration, ProfileFolder, hookimpl


@hookimpl
def hub_integrations() -> list[Integration]:
    """The integration `simulator`."""
    from hub_simulator.entry import SIMULATOR  # noqa: PLC0415 - whoever only wants profiles need not load the plant

    return [SIMULATOR]


@hookimpl
def hub_profiles() -> list[ProfileFolder]:
    """The generic pulse input and what hangs on it."""
    return [ProfileFolder("modbus", "simulator", files("hub_simulator") / "profiles")]


@hookimpl
def hub_commands(cli: typer.Typer) -> None:
    """`kwhub simulate` and `kwhub replay`."""
    from hub_simulator.commands import simulate  # noqa: PLC0415
    from hub_simulator.replay_command import replay  # noqa: PLC0415

    cli.add_typer(simulate, name="simulate")
    cli.command()(replay)
