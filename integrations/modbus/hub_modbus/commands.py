"""`kwhub scan` and `kwhub probe`: what an integrator does before a line goes live."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hub.sdk import Config, HubError, Installation, LinkHealth, ProfileError
from hub_modbus.address import parse_link, parse_units, variants
from hub_modbus.config import OVERRIDES, line_settings
from hub_modbus.examine import Reading, read_points
from hub_modbus.link import Link, Patience
from hub_modbus.ports import Settings
from hub_modbus.probe import ORDERS, general_doubts, rows
from hub_modbus.profile import Profile, load_profile
from hub_modbus.ratio import RatioReader
from hub_modbus.registers import Ratios
from hub_modbus.scan import Step, scan

Where = Annotated[str, typer.Argument(metavar="LINK", help="serial:/dev/ttyUSB0:9600 or tcp:10.0.0.7:502")]


def add_commands(cli: typer.Typer) -> None:
    """Add `scan` and `probe` to the console."""
    cli.command("scan")(scan_line)
    cli.command("probe")(probe_device)


def scan_line(
    context: typer.Context,
    link: Where,
    *,
    units: Annotated[str, typer.Option(help="addresses to ask, such as 1-32,40")] = "1-247",
    baud: Annotated[str, typer.Option(help="baud rates to try one after the other, such as 9600,19200")] = "",
    parity: Annotated[str, typer.Option(help="parities to try, such as none,even,odd")] = "",
    timeout: Annotated[int, typer.Option(help="ms to wait for each address", min=20, max=10_000)] = 300,
    identify: Annotated[bool, typer.Option(help="try the installed profiles on whoever answers")] = True,
) -> None:
    """Ask every address of a line who is there. Only reads; stop the hub's entry on a serial line first."""
    try:
        lines = variants(parse_link(link), [int(rate) for rate in _words(baud)], _words(parity))
        wanted = parse_units(units)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    profiles = _loaded(_profiles(context)) if identify else {}
    found = asyncio.run(_scan(lines, wanted, Patience(timeout / 1000, late=0.0), profiles))
    table = Table("address", "line", "answered in", "with", "likely profile")
    for step in found:
        took = f"{step.milliseconds:.0f} ms" if step.milliseconds else ""
        table.add_row(str(step.unit), str(step.settings), took, step.answer, step.profile)
    Console().print(table if found else "nobody answered: check wiring (A/B swapped?), baud rate, parity and power")


async def _scan(
    lines: list[Settings], units: list[int], patience: Patience, profiles: Mapping[str, Profile]
) -> list[Step]:
    found = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("scanning", total=len(lines) * len(units))
        async for step in scan(lines, units, patience, profiles):
            if step.answer:
                found.append(step)
            progress.update(task, advance=1, description=f"{step.settings} address {step.unit}, {len(found)} found")
        progress.update(task, completed=len(lines) * len(units))
    return found


def probe_device(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="project/device of the configuration")] = "",
    *,
    config: Annotated[Path, typer.Option("--config", "-c", help="hub.yaml, or the folder it is in")] = Path("config"),
    link: Annotated[str, typer.Option(help="without a configuration: serial:/dev/ttyUSB0:9600")] = "",
    unit: Annotated[int, typer.Option(help="without a configuration: the address", min=0, max=255)] = 1,
    profile: Annotated[str, typer.Option(help="without a configuration: profile, such as acme/pm5")] = "",
) -> None:
    """Read one meter and show each point raw and decoded, in all word orders and both signs, with what is doubtful."""
    profiles = _profiles(context)
    if link and profile:
        try:
            settings = parse_link(link)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        model = load_profile(profile, profiles)
    elif device:
        settings, unit, model = _configured(context, config, device, profiles)
    else:
        raise typer.BadParameter("name project/device, or give --link, --unit and --profile")
    reading, ratios = asyncio.run(_probe(settings, unit, model))
    _show(model, reading, ratios, f"unit {unit} on {settings}")


async def _probe(settings: Settings, unit: int, profile: Profile) -> tuple[Reading, Ratios]:
    async with Link(settings, LinkHealth(str(settings))) as link:
        ratios = profile.ratio.fixed
        if profile.ratio.registers:
            reader = RatioReader(profile.ratio)
            asked = await read_points(link, unit, profile, reader.points)
            ratios = reader.of({point.key: asked.value(point, Ratios()) for point in reader.points})[0] or ratios
        return await read_points(link, unit, profile, list(profile.points.values())), ratios


def _show(profile: Profile, reading: Reading, ratios: Ratios, where: str) -> None:
    console = Console()
    title = f"{profile.manufacturer} {profile.model} ({profile.name}), {where}, {ratios}"
    table = Table("point", "register", "raw", "value", "unit", *ORDERS, "", title=title)
    for row in rows(profile, reading, ratios):
        doubt = f"✗ {row.doubt}" if row.doubt else "✓" if row.value else ""
        guess = " (assumed)" if row.confidence == "assumed" else ""
        table.add_row(
            row.key + guess,
            row.place,
            row.raw,
            row.value,
            row.unit,
            *(row.orders.get(name, "") for name in ORDERS),
            doubt,
        )
    console.print(table)
    for words in general_doubts(profile, reading, ratios):
        console.print(f"✗ {words}")


def _configured(
    context: typer.Context, config: Path, device: str, profiles: Mapping[str, Traversable]
) -> tuple[Settings, int, Profile]:
    installation = _installation(context)
    if installation is None:
        raise HubError("the configuration cannot be read here; give --link, --unit and --profile")
    project, _, key = device.rpartition("/")
    known: list[str] = []
    for owner, entry in installation.entries(config, "modbus"):
        for own in entry["devices"]:
            known.append(f"{owner}/{own['device']}")
            if own["device"] == key and project in ("", owner):
                return line_settings(entry), own["unit_id"], _own_profile(own, profiles)
    near = difflib.get_close_matches(device, known, n=3, cutoff=0.3)
    raise HubError(f"no Modbus device {device} in {config}; " + (f"did you mean {' or '.join(near)}?" if near else ""))


def _own_profile(device: Config, profiles: Mapping[str, Traversable]) -> Profile:
    return load_profile(device["profile"], profiles, {key: device[key] for key in OVERRIDES})


def _installation(context: typer.Context) -> Installation | None:
    return context.obj if isinstance(context.obj, Installation) else None


def _profiles(context: typer.Context) -> Mapping[str, Traversable]:
    installation = _installation(context)
    return installation.profiles("modbus") if installation is not None else {}


def _loaded(files: Mapping[str, Traversable]) -> dict[str, Profile]:
    loaded = {}
    for name in files:
        try:
            loaded[name] = load_profile(name, files)
        except ProfileError as error:
            typer.echo(f"left out: {error}", err=True)
    return loaded


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
