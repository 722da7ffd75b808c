"""The integration `simulator`: a plant in a process of its own, started and stopped with the entry."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import voluptuous as vol

from hub.sdk import DEVICE, Config, Context, Device, Integration, Kind, LinkError, Point
from hub_simulator.description import PlantError, read_description
from hub_simulator.files import demo_plant
from hub_simulator.serve import with_ports

_PORT = vol.All(int, vol.Range(1, 65535, msg="expected a TCP port from 1 to 65535"))

SCHEMA = vol.Schema(
    {
        **{key: value for key, value in DEVICE.items() if key not in {"device", "medium"}},
        vol.Optional("device", default="simulator"): DEVICE[vol.Required("device")],
        vol.Optional("medium", default=""): str,
        vol.Required("folder", msg="expected the folder in which the lines of the plant appear"): str,
        vol.Optional("plant", default=""): str,
        vol.Optional("ports", default={}): {str: _PORT},
    }
)

POINTS = (
    Point("meters_simulated", kind=Kind.MEASUREMENT),
    Point("requests_served", kind=Kind.COUNTER),
    Point("requests_ignored", kind=Kind.COUNTER),
    Point("frames_damaged", kind=Kind.COUNTER),
    Point("collisions", kind=Kind.COUNTER),
    Point("step_lateness", unit="ms", deadband=20),
)

_KEYS = dict(
    zip(
        ("meters", "served", "ignored", "damaged", "collisions", "late_ms"),
        (point.key for point in POINTS),
        strict=True,
    )
)

_STOP_SECONDS = 0.8


def check(config: Config, _: object) -> None:
    """Look at the plant's file. Raises vol.Invalid naming the key at fault."""
    try:
        description = read_description(Path(config["plant"]) if config["plant"] else demo_plant())
    except (PlantError, OSError) as error:
        raise vol.Invalid(str(error), path=["plant"]) from None
    try:
        with_ports(description, config["ports"])
    except KeyError as error:
        raise vol.Invalid(error.args[0], path=["ports"]) from None


async def run(context: Context, config: Config) -> None:
    """Run the plant until cancelled. Raises LinkError with the plant's own words when it ends by itself."""
    device = context.add_device(
        config["device"],
        POINTS,
        name=config["name"],
        area=config["area"],
        medium=config["medium"],
        model="hub-simulator",
    )
    link = context.add_link(config["folder"], "simulated plant")
    ports = [f"{line}={port}" for line, port in config["ports"].items()]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub_simulator",
        config["folder"],
        config["plant"],
        *ports,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    words: list[str] = []
    listener = asyncio.ensure_future(_listen(process, words))
    try:
        if process.stdout is not None:
            async for line in process.stdout:
                link.up = True
                _report(device, line, context)
        await listener
        code = await process.wait()
        raise LinkError(words[-1] if words else f"the plant ended with code {code}")
    finally:
        await _stop(process, listener)


async def _listen(process: asyncio.subprocess.Process, words: list[str]) -> None:
    if process.stderr is not None:
        async for line in process.stderr:
            words[:] = [*words[-9:], line.decode(errors="replace").strip()]


def _report(device: Device, line: bytes, context: Context) -> None:
    report = json.loads(line)
    device.report({_KEYS[name]: value for name, value in report.items()})
    device.health.answer(context.clock.now_ms(), 0.0)


async def _stop(process: asyncio.subprocess.Process, listener: asyncio.Task[None]) -> None:
    """Ask the plant to save and end; insist when it does not within a second."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            # not process.terminate(): that may collect the ended child before asyncio does, which then warns
            os.kill(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    if process.stdin is not None:
        process.stdin.close()


SIMULATOR = Integration("simulator", SCHEMA, run, check=check)
