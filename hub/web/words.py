"""The hub's terms in the reader's language: points by their keys, states, faults, media, qualities."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.core.health import EntryState, Fault
from hub.core.model import Confidence, Kind
from hub.core.quality import Quality
from hub.web.language import Language


def N_(text: str) -> str:
    """Mark `text` for translation where it is looked up later."""
    return text


_QUANTITIES = {
    "voltage": N_("Voltage"),
    "current": N_("Current"),
    "active_power": N_("Active power"),
    "reactive_power": N_("Reactive power"),
    "apparent_power": N_("Apparent power"),
    "power_factor": N_("Power factor"),
    "frequency": N_("Frequency"),
    "active_energy": N_("Active energy"),
    "reactive_energy": N_("Reactive energy"),
    "apparent_energy": N_("Apparent energy"),
    "thd_voltage": N_("Voltage distortion"),
    "thd_current": N_("Current distortion"),
    "harmonic_voltage": N_("Voltage harmonic"),
    "harmonic_current": N_("Current harmonic"),
    "unbalance_voltage": N_("Voltage unbalance"),
    "unbalance_current": N_("Current unbalance"),
    "voltage_unbalance": N_("Voltage unbalance"),
    "current_unbalance": N_("Current unbalance"),
    "angle_voltage": N_("Voltage angle"),
    "angle_current": N_("Current angle"),
    "voltage_angle": N_("Voltage angle"),
    "current_angle": N_("Current angle"),
    "crest_factor_voltage": N_("Voltage crest factor"),
    "k_factor_current": N_("Current K factor"),
    "demand_active_power": N_("Active power demand"),
    "demand_reactive_power": N_("Reactive power demand"),
    "demand_apparent_power": N_("Apparent power demand"),
    "demand_current": N_("Current demand"),
    "max_demand_active_power": N_("Maximum active power demand"),
    "max_demand_reactive_power": N_("Maximum reactive power demand"),
    "max_demand_apparent_power": N_("Maximum apparent power demand"),
    "max_demand_current": N_("Maximum current demand"),
    "ratio_voltage": N_("PT ratio"),
    "ratio_current": N_("CT ratio"),
    "pt_ratio": N_("PT ratio"),
    "ct_ratio": N_("CT ratio"),
    "temperature": N_("Temperature"),
    "pressure": N_("Pressure"),
    "flow": N_("Flow"),
    "volume": N_("Volume"),
    "volume_flow": N_("Volume flow"),
    "mass": N_("Mass"),
    "mass_flow": N_("Mass flow"),
    "heat": N_("Heat"),
    "heat_power": N_("Heat power"),
    "output": N_("Output"),
    "pulses": N_("Pulses"),
    "relay": N_("Relay"),
    "input": N_("Digital input"),
    "digital_input": N_("Digital input"),
    "digital_output": N_("Digital output"),
}

_PARTS = {
    "n": N_("neutral"),
    "avg": N_("mean"),
    "average": N_("mean"),
    "total": N_("total"),
    "sum": N_("total"),
    "import": N_("imported"),
    "export": N_("exported"),
    "max": N_("maximum"),
    "min": N_("minimum"),
    "t1": N_("sharp"),
    "t2": N_("peak"),
    "t3": N_("flat"),
    "t4": N_("valley"),
    "t5": N_("deep valley"),
    "fundamental": N_("fundamental"),
    "zero": N_("zero sequence"),
    "positive": N_("positive sequence"),
    "negative": N_("negative sequence"),
    "forward": N_("forward"),
    "reverse": N_("reverse"),
    "month": N_("this month"),
    "day": N_("today"),
}

_KINDS = {
    Kind.MEASUREMENT: N_("measurement"),
    Kind.COUNTER: N_("counter"),
    Kind.STATUS: N_("status"),
    Kind.TEXT: N_("text"),
}

_STATES = {
    EntryState.STARTING: N_("starting"),
    EntryState.RUNNING: N_("running"),
    EntryState.LINK_DOWN: N_("link down"),
    EntryState.FAILED: N_("failed"),
    EntryState.STOPPED: N_("stopped"),
}

_FAULTS = {
    Fault.TIMEOUT: N_("no answer in time"),
    Fault.CHECKSUM: N_("checksum wrong"),
    Fault.WRONG_REPLY: N_("wrong reply"),
    Fault.REFUSED: N_("refused"),
    Fault.IMPLAUSIBLE: N_("implausible"),
}

_QUALITIES = (
    (Quality.INVALID, "bad", N_("invalid")),
    (Quality.NOT_TOPICAL, "stale", N_("stale")),
    (Quality.OVERFLOW, "bad", N_("overflow")),
    (Quality.BLOCKED, "stale", N_("blocked")),
    (Quality.SUBSTITUTED, "manual", N_("manual")),
)
"""Bits, class of the chip, word; the first bit that is set counts."""

_MEDIA = {
    "electricity": ("ele", N_("Electricity")),
    "natural_gas": ("gas", N_("Natural gas")),
    "gas": ("gas", N_("Gas")),
    "steam": ("steam", N_("Steam")),
    "heat": ("steam", N_("Heat")),
    "compressed_air": ("air", N_("Compressed air")),
    "water": ("water", N_("Water")),
    "raw_coal": ("coal", N_("Raw coal")),
    "coal": ("coal", N_("Coal")),
    "oil": ("oil", N_("Oil")),
    "solar": ("pv", N_("Solar")),
    "output": ("coal", N_("Output")),
}
"""Token of the colour (`--m-ele`) and word of each medium."""

_PHASES = {"cn": {"l1": "A", "l2": "B", "l3": "C"}, "iec": {"l1": "L1", "l2": "L2", "l3": "L3"}}
_BETWEEN = re.compile(r"(l[123])_(l[123])(?=_|$)")


class Words:
    """Terms in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._gettext = language.gettext
        self.point = lru_cache(maxsize=4096)(self._point)

    def phase(self, place: str, phases: str = "cn") -> str:
        """`l1` as `A` or `L1`, `n` as `N`."""
        return _PHASES[phases].get(place, place.upper())

    def kind(self, kind: Kind) -> str:
        """What a point's value means."""
        return self._gettext(_KINDS[kind])

    def state(self, state: EntryState) -> str:
        """Where an entry is in its life."""
        return self._gettext(_STATES[state])

    def fault(self, fault: Fault) -> str:
        """Why a request brought no value."""
        return self._gettext(_FAULTS[fault])

    def confidence(self, confidence: Confidence) -> str:
        """Whether a profile's point is confirmed."""
        return self._gettext("assumed") if confidence is Confidence.ASSUMED else self._gettext("verified")

    def medium(self, medium: str) -> str:
        """An energy medium; its key when the hub has no word for it."""
        return self._gettext(_MEDIA[medium][1]) if medium in _MEDIA else medium.replace("_", " ")

    def medium_token(self, medium: str) -> str:
        """The colour token of a medium, such as `ele`; that of coal, a grey, for an unknown one."""
        return _MEDIA[medium][0] if medium in _MEDIA else "coal"

    def quality(self, quality: int) -> tuple[str, str]:
        """Class and word of the chip beside a value; both empty when the value is good."""
        for bit, kind, word in _QUALITIES:
            if quality & bit:
                return kind, self._gettext(word)
        return "", ""

    def qualities(self) -> list[tuple[int, str, str]]:
        """Bit, class and word of every chip, the weightiest first: what the browser needs to make them itself."""
        return [(int(bit), kind, self._gettext(word)) for bit, kind, word in _QUALITIES]

    def _point(self, key: str, phases: str = "cn") -> str:
        """A point by its key: `voltage_l1` is `Voltage A`; words the hub does not know stay as they are."""
        parts = key.split("_")
        for length in range(len(parts), 0, -1):
            quantity = _QUANTITIES.get("_".join(parts[:length]))
            if quantity is not None:
                return " ".join([self._gettext(quantity), *self._places("_".join(parts[length:]), phases)])
        return key.replace("_", " ").capitalize()

    def _places(self, rest: str, phases: str) -> list[str]:
        known = _PHASES[phases]
        joined = _BETWEEN.sub(lambda pair: f"{pair[1]}-{pair[2]}", rest)
        places = []
        for part in filter(None, joined.split("_")):
            if "-" in part:
                first, second = part.split("-")
                places.append(f"{known[first]}-{known[second]}")
            elif part in known:
                places.append(known[part])
            else:
                places.append(self._gettext(_PARTS[part]) if part in _PARTS else part)
        return places
