"""How long `kwhub run` takes to be ready with 10,000 entities, and what memory it needs, at a first and a second start.

    python tests/benchmarks/startup.py [devices]

The meters are PD194Z-9TY with their fullest map, on Modbus TCP links to a port where nobody answers: what is measured
is the hub, not the wire. Ready means: pages are served and every device is registered.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from hub.testing.conformance import free_port

RUNS = 5


def configure(folder: Path, devices: int) -> int:
    """Write a configuration of `devices` meters on ten links; the port of the pages."""
    port, nobody = free_port(), free_port()
    (folder / "hub.yaml").write_text(f"data: data\nport: {port}\nprojects: [mill.yaml]\n")
    lines = ["project: mill", "zone: UTC", "integrations:", "  modbus:"]
    for link in range(10):
        lines += [f"    - id: link_{link}", f"      tcp: {{host: 127.0.0.1, port: {nobody}}}", "      devices:"]
        lines += [
            f"        - {{device: meter_{number}, profile: sfere/pd194z_9ty, unit_id: {unit}}}"
            for unit, number in enumerate(range(link, devices, 10), start=1)
        ]
    (folder / "mill.yaml").write_text("\n".join(lines) + "\n")
    return port


def start(folder: Path, port: int, devices: int) -> tuple[float, float, float]:
    """Seconds until ready, those of the processor until then, MB resident three seconds later."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "run", "--config", str(folder)], stderr=subprocess.DEVNULL, cwd=folder
    )
    try:
        seen = 0
        while seen < devices:
            time.sleep(0.1)
            if process.poll() is not None:
                sys.exit("the hub did not start")
            seen = devices_shown(port)
        seconds = time.monotonic() - began
        hub = psutil.Process(process.pid)
        processor = sum(hub.cpu_times()[:2])
        time.sleep(3.0)
        return seconds, processor, hub.memory_info().rss / 1e6
    finally:
        process.terminate()
        process.wait(20)


def devices_shown(port: int) -> int:
    """Devices that the page of devices lists; 0 while nobody answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/p/mill/devices", timeout=5) as answer:
            return len(set(re.findall(r"/p/mill/devices/(meter_\d+)", answer.read().decode())))
    except (URLError, ConnectionError, TimeoutError):
        return 0


def main() -> None:
    """Print medians of five starts."""
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else 14
    print(f"{devices} full PD194Z-9TY meters, medians of {RUNS}")
    print(f"{'start':<8} {'ready s':>8} {'worst s':>8} {'CPU s':>6} {'memory MB':>10}")
    for name in ("first", "second"):
        runs = []
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place)
                port = configure(folder, devices)
                if name == "second":
                    start(folder, port, devices)
                runs.append(start(folder, port, devices))
        ready, processor, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        worst = max(seconds for seconds, _, _ in runs)
        print(f"{name:<8} {ready:>8.2f} {worst:>8.2f} {processor:>6.2f} {memory:>10.0f}")


if __name__ == "__main__":
    main()
