"""The profiles of the pulse input: golden registers, read by the driver and written by the simulated meter."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hub_modbus.profile import load_profile
from hub_modbus.readout import Readout
from hub_modbus.registers import Ratios
from hub_simulator.counters import Count
from hub_simulator.profile import read_profile
from hub_simulator.registers import Registers

GOLDEN = Path(__file__).parent / "golden"

Files = Mapping[str, Traversable]


def golden(stem: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((GOLDEN / f"{stem}.yaml").read_text(encoding="utf-8"))
    return content


STEMS = sorted(file.stem for file in GOLDEN.glob("*.yaml"))


@pytest.mark.parametrize("stem", STEMS)
def test_the_driver_reads_the_golden_values(stem: str, profiles: Files) -> None:
    profile = load_profile(f"simulator/{stem}", profiles)
    [(address, words)] = golden(stem)["registers"].items()
    readout = Readout(list(profile.points.values()), address, Ratios())
    values = readout.values(np.array(words, np.uint16)).tolist()
    assert dict(zip((point.key for point in readout.points), values, strict=True)) == golden(stem)["values"]


@pytest.mark.parametrize("stem", STEMS)
def test_the_simulated_meter_shows_the_golden_registers(stem: str, profiles: Files) -> None:
    profile = read_profile(f"simulator/{stem}", profiles)
    counters = {field.key for field in profile.fields if field.counter}
    sources = {
        key: partial(Count, int(Fraction(str(value)) * 1000), 1000) if key in counters else partial(float, value)
        for key, value in golden(stem)["values"].items()
    }
    [(address, words)] = golden(stem)["registers"].items()
    assert Registers(profile, dict(sources)).read(3, address, len(words)) == words


def test_every_profile_has_its_golden_file(profiles: Files) -> None:
    assert {f"simulator/{stem}" for stem in STEMS} == {name for name in profiles if name.startswith("simulator/")}
