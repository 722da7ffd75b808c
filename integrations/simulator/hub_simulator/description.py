"""What a plant is made of, read from one YAML file: circuits, flows, lines, and the meters on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol
import yaml

from hub_simulator.loads import KINDS
from hub_simulator.worktime import PATTERNS


class PlantError(Exception):
    """A plant description that cannot be built; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """A place in the electrical tree where a meter can sit.

    `rating` in kW is what the load takes at full activity (or the rated kVA of a transformer), `loss` the share of that
    lost between here and the circuits below at full load, `idle_loss` in kW what a transformer takes without load,
    `voltage` in V between lines where it differs from the circuit above, `phases` 3, or 1, 2, 3rd phase as l1, l2, l3.
    """

    key: str
    parent: str = ""
    voltage: float = 0.0
    rating: float = 0.0
    loss: float = 0.0
    idle_loss: float = 0.0
    kind: str = ""
    pattern: str = ""
    phases: str = "all"
    air_capacity: float = 0.0


@dataclass(frozen=True, slots=True)
class Flow:
    """A medium or product through one pipe or past one counter, in thousandths of its unit an hour.

    A consumer follows `pattern` up to `rating` units an hour. `source` makes the flow proportional (`factor`) to
    another one. A flow with others below it carries their sum and `loss` as a share on top.
    """

    key: str
    parent: str = ""
    rating: float = 0.0
    pattern: str = ""
    source: str = ""
    factor: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """Where meters are reached: a pty at `baudrate` (0 is as fast as it goes), or a TCP port of the loopback."""

    key: str
    baudrate: int = 9600
    parity: str = "none"
    stop_bits: int = 1
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """The meter is silent for the first `seconds` of every `every` seconds, counted from the epoch plus `offset`."""

    every: float
    seconds: float
    offset: float = 0.0

    def silent(self, at_ms: int) -> bool:
        """Whether the meter gives no answer at `at_ms`."""
        return (at_ms / 1000 - self.offset) % self.every < self.seconds


@dataclass(frozen=True, slots=True)
class MeterPlace:
    """One meter: its line and unit address, the profile it answers by, what it measures, its transformers and quirks.

    `rolls_over_in` is the seconds after the first start at which its imported energy returns to zero; `turnaround_ms`
    is what the meter thinks before it answers. `direct_current` makes it a DC meter: for each of its circuits the share
    of the alternating power (negative where the plant is fed) and the nominal voltage. `switch` lets its first relay
    open the circuit.
    """

    device: str
    line: str
    unit_id: int
    profile: str
    circuits: tuple[str, ...] = ()
    flow: str = ""
    pt: float = 1.0
    ct: float = 1.0
    direct_current: tuple[tuple[float, float], ...] = ()
    outage: Outage | None = None
    rolls_over_in: float = 0.0
    turnaround_ms: float = 15.0
    switch: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """A whole plant; circuits and flows stand after the ones they hang on."""

    zone: ZoneInfo
    seed: int
    circuits: tuple[Circuit, ...]
    flows: tuple[Flow, ...]
    lines: tuple[Line, ...]
    meters: tuple[MeterPlace, ...]

    def on_line(self, line: str) -> list[MeterPlace]:
        """The meters of one line, by unit address."""
        return sorted((meter for meter in self.meters if meter.line == line), key=lambda meter: meter.unit_id)


_NUMBER = vol.Coerce(float)
_SHARE = vol.All(_NUMBER, vol.Range(0, 0.5))

_CIRCUIT = {
    "parent": str,
    "voltage": _NUMBER,
    "rating": vol.All(_NUMBER, vol.Range(min=0)),
    "loss": _SHARE,
    "idle_loss": _NUMBER,
    "kind": vol.In(sorted(KINDS)),
    "pattern": vol.In(PATTERNS),
    "phases": vol.In(["all", "l1", "l2", "l3"]),
    "air_capacity": _NUMBER,
}
_FLOW = {
    "parent": str,
    "rating": _NUMBER,
    "pattern": vol.In(PATTERNS),
    "source": str,
    "factor": _NUMBER,
    "loss": _SHARE,
}
_LINE = {
    "baudrate": vol.All(int, vol.Range(min=0)),
    "parity": vol.In(["none", "even", "odd"]),
    "stop_bits": vol.In([1, 2]),
    "port": vol.All(int, vol.Range(0, 65535)),
}
_METER = {
    vol.Required("line"): str,
    vol.Required("unit_id"): vol.All(int, vol.Range(1, 247)),
    vol.Required("profile"): str,
    "circuit": vol.Any(str, [str]),
    "flow": str,
    "pt": _NUMBER,
    "ct": _NUMBER,
    "direct_current": [vol.All([_NUMBER], vol.Length(2, 2), vol.Coerce(tuple))],
    "outage": {vol.Required("every"): _NUMBER, vol.Required("seconds"): _NUMBER, "offset": _NUMBER},
    "rolls_over_in": _NUMBER,
    "turnaround_ms": _NUMBER,
    "switch": bool,
}


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise vol.Invalid(f"no time zone {name!r}; expected one such as Asia/Shanghai") from None


_SCHEMA = vol.Schema(
    {
        vol.Required("zone"): _zone,
        vol.Optional("seed", default=1): int,
        vol.Required("circuits"): {str: _CIRCUIT},
        vol.Optional("flows", default={}): {str: _FLOW},
        vol.Required("lines"): {str: _LINE},
        vol.Required("meters"): {str: _METER},
    }
)


def read_description(file: Traversable) -> Description:
    """The plant in a YAML file. Raises PlantError with file and path of the first mistake."""
    try:
        content = _SCHEMA(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise PlantError(f"{file}: {error}") from None
    except vol.Invalid as error:
        path = ".".join(str(step) for step in error.path)
        raise PlantError(f"{file}: {path}: {error.msg}") from None
    description = Description(
        zone=content["zone"],
        seed=content["seed"],
        circuits=tuple(Circuit(key, **fields) for key, fields in content["circuits"].items()),
        flows=tuple(Flow(key, **fields) for key, fields in content["flows"].items()),
        lines=tuple(Line(key, **fields) for key, fields in content["lines"].items()),
        meters=tuple(_meter(device, fields) for device, fields in content["meters"].items()),
    )
    try:
        _check(description)
    except PlantError as error:
        raise PlantError(f"{file}: {error}") from None
    return description


def _meter(device: str, fields: Mapping[str, Any]) -> MeterPlace:
    rest = {key: value for key, value in fields.items() if key not in {"circuit", "outage", "direct_current"}}
    circuit = fields.get("circuit", [])
    circuits = (circuit,) if isinstance(circuit, str) else tuple(circuit)
    outage = Outage(**fields["outage"]) if "outage" in fields else None
    direct_current = tuple(fields.get("direct_current", ()))
    return MeterPlace(device, circuits=circuits, outage=outage, direct_current=direct_current, **rest)


def _check(description: Description) -> None:
    circuits = {circuit.key for circuit in description.circuits}
    flows = {flow.key for flow in description.flows}
    lines = {line.key for line in description.lines}
    _check_order("circuits", ((circuit.key, circuit.parent) for circuit in description.circuits))
    _check_order("flows", ((flow.key, flow.parent) for flow in description.flows))
    for flow in description.flows:
        _known(f"flows.{flow.key}.source", flow.source, flows)
    addresses: dict[tuple[str, int], str] = {}
    for meter in description.meters:
        place = f"meters.{meter.device}"
        _known(f"{place}.line", meter.line, lines)
        _known(f"{place}.flow", meter.flow, flows)
        for circuit in meter.circuits:
            _known(f"{place}.circuit", circuit, circuits)
        if bool(meter.circuits) == bool(meter.flow):
            raise PlantError(f"{place}: expected either a circuit or a flow")
        other = addresses.setdefault((meter.line, meter.unit_id), meter.device)
        if other != meter.device:
            raise PlantError(f"{place}.unit_id: {meter.unit_id} on {meter.line} is taken by {other}")


def _known(place: str, name: str, names: set[str]) -> None:
    if name and name not in names:
        raise PlantError(f"{place}: {name!r} is not described; known: {', '.join(sorted(names))}")


def _check_order(what: str, pairs: Iterable[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for key, parent in pairs:
        if parent and parent not in seen:
            raise PlantError(f"{what}.{key}.parent: {parent!r} must be described above it")
        seen.add(key)
