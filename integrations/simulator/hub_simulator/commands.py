"""`kwhub simulate plant` and `kwhub replay`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hub_simulator.description import PlantError, read_description
from hub_simulator.files import demo_plant, installed_profiles
from hub_simulator.folder import FolderTaken
from hub_simulator.profile import ProfileFault
from hub_simulator.serve import Report, RunningPlant, with_ports
from hub_simulator.tcp_line import PortTaken

FOLDER = Path("data/simulator")

simulate = typer.Typer(help="Plants made of real protocol servers.", no_args_is_help=True)

_FAULTS = (PlantError, ProfileFault, FolderTaken, PortTaken, OSError)


@simulate.callback()
def _simulate() -> None:
    """Plants made of real protocol servers."""


@simulate.command()
def plant(
    file: Annotated[Path | None, typer.Argument(help="plant description; the demo plant when left out")] = None,
    folder: Annotated[
        Path, typer.Option(help="where the serial lines appear as links and the counters are kept")
    ] = Path("data/simulator"),
    port: Annotated[list[str] | None, typer.Option(help="another TCP port for a line, as LINE=PORT")] = None,
) -> None:
    """Run a plant whose meters answer Modbus, until interrupted."""
    try:
        ports = {line: int(number) for line, _, number in (item.partition("=") for item in port or [])}
    except ValueError:
        raise typer.BadParameter("expected LINE=PORT, such as tcp_1=15021", param_hint="--port") from None
    try:
        description = with_ports(read_description(file or demo_plant()), ports)
        asyncio.run(_run(RunningPlant(description, installed_profiles(), folder)))
    except KeyError as error:
        raise typer.BadParameter(error.args[0], param_hint="--port") from None
    except _FAULTS as error:
        Console(stderr=True).print(str(error), style="red", highlight=False)
        raise typer.Exit(1) from None


async def _run(plant: RunningPlant) -> None:
    console = Console()
    async with plant as running:
        table = Table("line", "listens at", "meters")
        for name, line in running.listing.items():
            where = line.get("tcp") or f"{line['serial']}, {line['baudrate']} baud"
            table.add_row(name, where, str(len(line["units"])))
        console.print(table)
        with console.status("") as status:

            def say(report: Report) -> None:
                status.update(f"{report.served} requests served, {report.ignored} ignored, {report.damaged} damaged")

            work = asyncio.ensure_future(running.run(say, seconds=1.0))
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, work.cancel)
            await asyncio.wait([work])
    if not work.cancelled():
        work.result()
