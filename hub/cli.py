"""Commands for the console: the hub's own, and those of its plugins."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub import __version__
from hub.app import read_configuration, run
from hub.config import Configuration
from hub.core.errors import HubError
from hub.core.registry import Registry
from hub.logs import set_up_logging
from hub.plugins import Plugins, load_plugins
from hub.scaffold import write_plugin
from hub.sdk import Config
from hub.store import Store

DEFAULT = Path("config/hub.yaml")

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="hub.yaml, or the folder it is in")]


def _hub_file(path: Path) -> Path:
    return path / "hub.yaml" if path.is_dir() else path


def run_hub(config: ConfigFile = DEFAULT, verbose: Annotated[bool, typer.Option("--verbose", "-v")] = False) -> None:
    """Run the hub."""
    set_up_logging(verbose=verbose)
    asyncio.run(run(_hub_file(config)))


def check(config: ConfigFile = DEFAULT) -> None:
    """Say everything that is wrong with the configuration, with file and line."""
    found = read_configuration(_hub_file(config), load_plugins())
    for error in found.errors:
        typer.echo(str(error))
    entries = sum(len(project.entries) for project in found.projects.values())
    if found.errors:
        typer.echo(f"{len(found.errors)} mistakes; {entries} entries are in order", err=True)
        raise typer.Exit(1)
    typer.echo(f"in order: {len(found.projects)} projects, {entries} entries")


def plugins() -> None:
    """List installed plugins: what they bring, and what is wrong with those that failed."""
    table = Table("plugin", "distribution", "version", "brings", "fault")
    for plugin in load_plugins().installed:
        brings = ", ".join(plugin.integrations) or "profiles or commands"
        table.add_row(plugin.name, plugin.distribution, plugin.version, "" if plugin.error else brings, plugin.error)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def new(
    name: Annotated[str, typer.Argument(help="lower snake, such as acme_pm5")],
    folder: Annotated[Path, typer.Option(help="where to put it")] = Path(),
) -> None:
    """Write a working plugin with a passing test, to start from."""
    typer.echo(f"wrote {write_plugin(folder, name)}")


def rename(
    device: Annotated[str, typer.Argument(help="project/device as it was called so far")],
    key: Annotated[str, typer.Argument(help="its new key")],
    config: ConfigFile = DEFAULT,
) -> None:
    """Give a device another key and let it keep its history. Stop the hub first, then change the project's file too."""
    project, _, old = device.partition("/")
    asyncio.run(_rename(read_configuration(_hub_file(config), load_plugins()), project, old, key))
    typer.echo(f"{device} is now {project}/{key}; write `device: {key}` in the project's file")


async def _rename(configuration: Configuration, project: str, old: str, new_key: str) -> None:
    store = await Store.open(configuration.settings.database_url)
    try:
        registry = Registry()
        await store.load_registry(registry)
        registry.rename_device(project, old, new_key)
        await store.save_registry(registry.unsaved())
    finally:
        await store.close()


class _Installation:
    """What the commands of plugins may know of this installation: `hub.sdk.Installation`."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def profiles(self, protocol: str) -> Mapping[str, Traversable]:
        return self._plugins.profiles(protocol)

    def entries(self, config: Path, integration: str) -> list[tuple[str, Config]]:
        projects = read_configuration(_hub_file(config), self._plugins).projects.values()
        entries = [entry for project in projects for entry in project.entries if entry.integration == integration]
        return [(entry.project, entry.config) for entry in entries]


def command_line(installed: Plugins) -> typer.Typer:
    """The console with the hub's commands and those of the installed plugins."""
    cli = typer.Typer(
        no_args_is_help=True, add_completion=False, help=f"kWHub {__version__}, an industrial energy hub."
    )

    @cli.callback()
    def share(context: typer.Context) -> None:
        context.obj = _Installation(installed)

    cli.command("run")(run_hub)
    for command in (check, plugins, new, rename):
        cli.command()(command)
    installed.add_commands(cli)
    return cli


def main() -> None:
    """Entry point of `kwhub`; an error meant for people is told in one line."""
    try:
        command_line(load_plugins())()
    except HubError as error:
        typer.echo(f"kwhub: {error}", err=True)
        raise SystemExit(1) from None
