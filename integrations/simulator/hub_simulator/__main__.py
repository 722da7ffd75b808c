"""`python -m hub_simulator FOLDER [PLANT] [LINE=PORT ...]`: a plant as a child of whoever holds its standard input.

It says what it did as one line of JSON every few seconds, and ends on SIGTERM or when its standard input closes, so
that it never outlives its parent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from hub_simulator.description import PlantError, read_description
from hub_simulator.files import demo_plant, installed_profiles
from hub_simulator.folder import FolderTaken
from hub_simulator.profile import ProfileFault
from hub_simulator.serve import Report, RunningPlant, as_dict, with_ports
from hub_simulator.tcp_line import PortTaken


async def _serve(folder: Path, plant: str, ports: dict[str, int]) -> None:
    description = with_ports(read_description(Path(plant) if plant else demo_plant()), ports)
    async with RunningPlant(description, installed_profiles(), folder) as running:
        _say(running.report())
        work = asyncio.ensure_future(running.run(_say, seconds=2.0))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        loop.add_reader(sys.stdin.fileno(), _until_closed, work)
        await asyncio.wait([work])
        if not work.cancelled():
            work.result()


def _until_closed(work: asyncio.Task[None]) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        work.cancel()


def _say(report: Report) -> None:
    sys.stdout.write(json.dumps(as_dict(report)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the plant; a fault that people can mend ends it with one line on standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    folder, plant, *rest = (*sys.argv[1:], "")[: len(sys.argv) + 1]
    ports = dict(item.split("=") for item in rest if item)
    try:
        asyncio.run(_serve(Path(folder), plant, {line: int(port) for line, port in ports.items()}))
    except (PlantError, ProfileFault, FolderTaken, PortTaken, KeyError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
