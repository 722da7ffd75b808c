"""Which meters answer."""

from __future__ import annotations

import numpy as np

from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.core.core import Core
from hub.core.health import DeviceHealth
from hub.core.model import DeviceInfo, Point
from hub.web.answering import Answer, Standing, counts, standing

AT = 1_700_000_000_000


def read_once(core: Core) -> tuple[DeviceInfo, DeviceHealth]:
    """A meter with one reading, and its health."""
    info = DeviceInfo("demo", "incomer_1")
    entities = core.add_device(info, [Point("active_power", "kW")])
    health = core.health.entry("demo", "line_1", "modbus").devices.setdefault("incomer_1", DeviceHealth())
    core.ingest(Batch.of(core.registry.rows(entities.values()), [5.0], AT))
    return info, health


def test_a_meter_that_was_read_answers() -> None:
    core = Core(Clock())
    info, _ = read_once(core)
    assert standing(core, info) == Standing(Answer.ANSWERING, "", AT)


def test_a_silent_meter_says_why_and_when_it_was_read() -> None:
    core = Core(Clock())
    info, health = read_once(core)
    health.silent, health.reason = True, "no answer from address 11"
    assert standing(core, info) == Standing(Answer.SILENT, "no answer from address 11", AT)


def test_a_meter_whose_readings_are_all_outdated_is_silent() -> None:
    core = Core(Clock())
    info, _ = read_once(core)
    rows = np.array([0], dtype=np.int32)
    core.ingest(core.state.not_topical(rows, AT + 1000))
    assert standing(core, info).answer is Answer.SILENT


def test_a_meter_never_read_is_waited_for() -> None:
    core = Core(Clock())
    info = DeviceInfo("demo", "incomer_1")
    core.add_device(info, [Point("active_power", "kW")])
    assert standing(core, info) == Standing(Answer.WAITING, "", 0)


def test_meters_are_counted_by_how_they_stand() -> None:
    found = counts(
        [Standing(Answer.ANSWERING, "", 1), Standing(Answer.SILENT, "", 1), Standing(Answer.ANSWERING, "", 1)]
    )
    assert found == {Answer.ANSWERING: 2, Answer.SILENT: 1, Answer.WAITING: 0}
