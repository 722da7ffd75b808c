"""The hub's terms in the reader's language: points by their keys, states, faults, media, qualities."""

from __future__ import annotations

from functools import lru_cache

from hub.core.health import EntryState, Fault
from hub.core.model import Confidence, Kind
from hub.core.quality import Quality
from hub.web.answering import Answer
from hub.web.language import Language
from hub.web.points import parts


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark `text` for translation where it is looked up later."""
    return text


_QUANTITIES = {
    "voltage": N_("Voltage"),
    "current": N_("Current"),
    "active_power": N_("Active power"),
    "reactive_power": N_("Reactive power"),
    "apparent_power": N_("Apparent power"),
    "power_factor": N_("Power factor"),
    "power": N_("Power"),
    "frequency": N_("Frequency"),
    "active_energy_import": N_("Active energy imported"),
    "active_energy_export": N_("Active energy exported"),
    "active_energy": N_("Active energy"),
    "reactive_energy_import": N_("Reactive energy imported"),
    "reactive_energy_export": N_("Reactive energy exported"),
    "reactive_energy": N_("Reactive energy"),
    "apparent_energy": N_("Apparent energy"),
    "energy_import": N_("Energy imported"),
    "energy_export": N_("Energy exported"),
    "energy": N_("Energy"),
    "thd_voltage": N_("Voltage distortion"),
    "thd_current": N_("Current distortion"),
    "harmonic_voltage": N_("Voltage harmonic"),
    "harmonic_current": N_("Current harmonic"),
    "demand_active_power": N_("Active power demand"),
    "demand_reactive_power": N_("Reactive power demand"),
    "demand_apparent_power": N_("Apparent power demand"),
    "demand_current": N_("Current demand"),
    "max_demand_active_power": N_("Maximum active power demand"),
    "max_demand_reactive_power": N_("Maximum reactive power demand"),
    "max_demand_apparent_power": N_("Maximum apparent power demand"),
    "max_demand_current": N_("Maximum current demand"),
    "previous_demand_active_power": N_("Previous active power demand"),
    "previous_demand_reactive_power": N_("Previous reactive power demand"),
    "previous_demand_apparent_power": N_("Previous apparent power demand"),
    "previous_demand_current": N_("Previous current demand"),
    "thd_odd_voltage": N_("Odd voltage distortion"),
    "thd_even_voltage": N_("Even voltage distortion"),
    "thd_odd_current": N_("Odd current distortion"),
    "thd_even_current": N_("Even current distortion"),
    "fundamental_active_power": N_("Fundamental active power"),
    "fundamental_reactive_power": N_("Fundamental reactive power"),
    "fundamental_apparent_power": N_("Fundamental apparent power"),
    "fundamental_power_factor": N_("Fundamental power factor"),
    "unbalance_voltage": N_("Voltage unbalance"),
    "unbalance_current": N_("Current unbalance"),
    "angle_voltage": N_("Voltage angle"),
    "angle_current": N_("Current angle"),
    "voltage_unbalance": N_("Voltage unbalance"),
    "current_unbalance": N_("Current unbalance"),
    "voltage_angle": N_("Voltage angle"),
    "current_angle": N_("Current angle"),
    "digital_input": N_("Digital input"),
    "digital_output": N_("Digital output"),
    "crest_factor_voltage": N_("Voltage crest factor"),
    "k_factor_current": N_("Current K factor"),
    "fundamental_active_energy_import": N_("Fundamental active energy imported"),
    "fundamental_active_energy_export": N_("Fundamental active energy exported"),
    "fundamental_reactive_energy_import": N_("Fundamental reactive energy imported"),
    "fundamental_reactive_energy_export": N_("Fundamental reactive energy exported"),
    "voltage_positive_sequence": N_("Positive-sequence voltage"),
    "voltage_negative_sequence": N_("Negative-sequence voltage"),
    "voltage_zero_sequence": N_("Zero-sequence voltage"),
    "current_positive_sequence": N_("Positive-sequence current"),
    "current_negative_sequence": N_("Negative-sequence current"),
    "current_zero_sequence": N_("Zero-sequence current"),
    "volume": N_("Volume"),
    "normal_volume": N_("Normal volume"),
    "mass": N_("Mass"),
    "flow": N_("Flow"),
    "volume_flow": N_("Volume flow"),
    "normal_volume_flow": N_("Normal volume flow"),
    "mass_flow": N_("Mass flow"),
    "temperature": N_("Temperature"),
    "pressure": N_("Pressure"),
    "output": N_("Output"),
    "output_rate": N_("Output rate"),
    "relay": N_("Relay"),
    "input": N_("Digital input"),
}

_TARIFFS = {1: N_("sharp"), 2: N_("peak"), 3: N_("flat"), 4: N_("valley"), 5: N_("deep valley")}

_EXTREMES = {"max": N_("maximum"), "min": N_("minimum")}

_KINDS = {
    Kind.MEASUREMENT: N_("measurement"),
    Kind.COUNTER: N_("counter"),
    Kind.STATUS: N_("status"),
    Kind.TEXT: N_("text"),
}

_STATES = {
    EntryState.STARTING: ("wait", N_("starting")),
    EntryState.RUNNING: ("ok", N_("running")),
    EntryState.LINK_DOWN: ("bad", N_("link down")),
    EntryState.FAILED: ("bad", N_("failed")),
    EntryState.STOPPED: ("wait", N_("stopped")),
    Answer.ANSWERING: ("ok", N_("answers")),
    Answer.SILENT: ("bad", N_("silent")),
    Answer.WAITING: ("wait", N_("not read yet")),
    "up": ("ok", N_("up")),
    "down": ("bad", N_("down")),
}
"""Class and word of each state of an entry, a device and a link."""

_CONFIDENCE = {Confidence.VERIFIED: N_("verified"), Confidence.ASSUMED: N_("assumed")}

_FAULTS = {
    Fault.TIMEOUT: N_("no answer in time"),
    Fault.CHECKSUM: N_("checksum wrong"),
    Fault.WRONG_REPLY: N_("wrong reply"),
    Fault.REFUSED: N_("refused"),
    Fault.IMPLAUSIBLE: N_("implausible"),
}

_QUALITIES = (
    (int(Quality.INVALID), "bad", N_("invalid")),
    (int(Quality.NOT_TOPICAL), "stale", N_("stale")),
    (int(Quality.OVERFLOW), "bad", N_("overflow")),
    (int(Quality.BLOCKED), "stale", N_("blocked")),
    (int(Quality.SUBSTITUTED), "manual", N_("manual")),
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

    def states(self) -> dict[str, tuple[str, str]]:
        """Class and word of every state of an entry, a link or a device, by its code."""
        return {str(code): (kind, self._gettext(word)) for code, (kind, word) in _STATES.items()}

    def faults(self) -> list[tuple[str, str]]:
        """Code and word of every fault."""
        return [(fault.value, self._gettext(word)) for fault, word in _FAULTS.items()]

    def fault(self, fault: Fault) -> str:
        """Why a request brought no value."""
        return self._gettext(_FAULTS[fault])

    def confidence(self, confidence: Confidence) -> str:
        """Whether a profile's point is confirmed."""
        return self._gettext(_CONFIDENCE[confidence])

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
        return [(bit, kind, self._gettext(word)) for bit, kind, word in _QUALITIES]

    def _point(self, key: str, phases: str = "cn") -> str:
        """A point by its key: `voltage_l1` is `Voltage A`; words the hub does not know stay as they are."""
        told = parts(key)
        if not told.quantity:
            return key.replace("_", " ").capitalize()
        _ = self._gettext
        words = [
            _("Circuit %d") % told.circuit if told.circuit else "",
            _(_QUANTITIES[told.quantity]),
            "-".join(self.phase(place, phases) for place in told.phase.split("_")) if told.phase else "",
            _(_TARIFFS[told.tariff]) if told.tariff in _TARIFFS else f"T{told.tariff}" if told.tariff else "",
            _("order %d") % told.order if told.order else "",
            str(told.index) if told.index else "",
            _(_EXTREMES[told.extreme]) if told.extreme else "",
            told.rest.replace("_", " "),
        ]
        return " ".join(filter(None, words))
