"""The integration `simulator`: a child under the hub's supervision."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import voluptuous as vol

from hub.testing.hub import HubUnderTest

SMALL = """
zone: Asia/Shanghai
circuits:
  incomer: {voltage: 400, rating: 100, loss: 0.01}
  drive: {parent: incomer, rating: 50, kind: drive, pattern: continuous}
lines:
  tcp_1: {port: 15020}
meters:
  drive: {line: tcp_1, unit_id: 1, profile: sfere/dts1946, circuit: drive}
"""


@pytest.fixture
def plant_file(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path / "small.yaml"


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "hub_simulator" in " ".join(child.cmdline())]


async def test_the_plant_runs_as_long_as_its_entry(hub: HubUnderTest, plant_file: Path, free_port: int) -> None:
    config = {"plant": str(plant_file), "folder": str(hub.tmp_path / "run"), "ports": {"tcp_1": free_port}}
    await hub.start("simulator", config)
    await hub.until(lambda: hub.value("simulator.meters_simulated") == 1, 60)
    assert len(children()) == 1
    await hub.stop("simulator")
    assert not children()


async def test_a_plant_that_cannot_start_says_why_and_is_tried_again(
    hub: HubUnderTest, plant_file: Path, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"plant": str(plant_file), "folder": str(hub.tmp_path / "run"), "ports": {"tcp_1": free_port}}
    await hub.start("simulator", config, id="one")
    await hub.until(lambda: hub.value("simulator.meters_simulated") == 1, 60)
    other = config | {"folder": str(hub.tmp_path / "other"), "device": "second"}
    entry = await hub.start("simulator", other, id="two")
    await hub.until(lambda: f"port {free_port}" in entry.reason, 60)
    assert entry.state.value == "link_down"
    assert "Unknown child process" not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"folder": "x", "ports": {"tcp_1": 0}}, "TCP port from 1 to 65535"),
        ({"folder": "x", "ports": {"tcp_9": 15021}}, "tcp_9 is no TCP line of this plant; those are: tcp_1"),
        ({"folder": "x", "plant": "nowhere.yaml"}, "nowhere.yaml"),
        ({}, "expected the folder"),
    ],
)
def test_wrong_settings_are_refused_in_words(hub: HubUnderTest, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(vol.Invalid, match=words):
        hub.validated("simulator", wrong)
