"""What a meter knows of itself: transformer ratios, clock, tariff tables, options and names."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from hub_simulator.description import MeterPlace
from hub_simulator.plant import Plant
from hub_simulator.quantities import Sources
from hub_simulator.worktime import TARIFF_HOURS

_PT_SECONDARY, _CT_SECONDARY = 100.0, 5.0

_OPTIONS = {"digital_inputs": 3, "relays": 3, "analog_outputs": 0, "com_1": 1, "com_2": 0, "tariffs": 1}
_OPTIONS |= {"accuracy_class": 1, "harmonics": 5}

_BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400)


def of_settings(plant: Plant, place: MeterPlace) -> Sources:
    """Everything a meter can be asked about itself; what is not fitted or not set reads 0."""
    sources: Sources = {}
    for side, ratio, secondary in (("pt", place.pt, _PT_SECONDARY), ("ct", place.ct, _CT_SECONDARY)):
        sources[f"{side} ratio"] = partial(float, ratio)
        for name in (f"{side} ratio", f"setting_{side}"):
            joint = " " if name.endswith("ratio") else "_"
            sources[f"{name}{joint}primary"] = partial(float, ratio * secondary)
            sources[f"{name}{joint}secondary"] = partial(float, secondary)
    sources |= {f"option_{name}": partial(float, code) for name, code in _OPTIONS.items()}
    sources |= _clock(plant) | _tariff_tables() | _communication(plant, place)
    sources |= {f"relay_{relay}_mode": partial(float, 2) for relay in (1, 2, 3)}
    sources |= dict.fromkeys(_UNSET, partial(float, 0))
    return sources


_GUARDED = ("voltage", "line_voltage", "current", "frequency", "active_power", "reactive_power", "apparent_power")
_LIMITS = (
    *(f"alarm_{quantity}_{side}" for quantity in _GUARDED for side in ("high", "low")),
    "alarm_power_factor_low",
    "alarm_thd_voltage_high",
    *(f"alarm_{quantity}_high" for quantity in ("thd_current", "voltage_unbalance", "current_unbalance")),
)
_UNSET = (
    *_LIMITS,
    *(f"setting_alarm_voltage_{name}" for name in ("high", "high_hysteresis", "low", "low_hysteresis", "delay")),
    "setting_demand_mode",
    "closing_hour",
    "run_time_input",
)


def _clock(plant: Plant) -> Sources:
    def local() -> datetime:
        return datetime.fromtimestamp(plant.at_ms / 1000, plant.description.zone)

    return {
        "clock_year": lambda: float(local().year % 100),
        "clock_month": lambda: float(local().month),
        "clock_day": lambda: float(local().day),
        "clock_hour": lambda: float(local().hour),
        "clock_minute": lambda: float(local().minute),
        "clock_second": lambda: float(local().second),
        "clock_weekday": lambda: float(local().isoweekday() % 7),
        "run_time": lambda: float(plant.at_ms // 60_000 % 10_000_000),
        "run_time_loaded": lambda: float(plant.at_ms // 60_000 % 9_000_000),
    }


def _tariff_tables() -> Sources:
    sources: Sources = {}
    starts = [0.0, *(end for end, _ in TARIFF_HOURS[:-1])]
    slots = list(zip(starts, (period for _, period in TARIFF_HOURS), strict=True))
    for table in (1, 2):
        for slot in range(1, 13):
            start, period = slots[min(slot, len(slots)) - 1]
            name = f"tariff_table_{table}_slot_{slot}"
            sources[f"{name}_hour"] = partial(float, int(start))
            sources[f"{name}_minute"] = partial(float, round(start % 1 * 60))
            sources[f"{name}_tariff"] = partial(float, period + 1)
    return sources | {f"tariff_table_of_month_{month}": partial(float, 1) for month in range(1, 13)}


def _communication(plant: Plant, place: MeterPlace) -> Sources:
    line = next(line for line in plant.description.lines if line.key == place.line)
    model = place.profile.partition("/")[2].upper().replace("_", "-")
    return {
        "setting_unit_id": partial(float, place.unit_id),
        "setting_baud_rate": partial(float, _BAUD_RATES.index(line.baudrate) if line.baudrate in _BAUD_RATES else 3),
        "setting_parity": partial(float, ("none", "odd", "even").index(line.parity)),
        "setting_protocol": partial(float, 0),
        "setting_demand_method": partial(float, 1),
        "setting_demand_period": partial(float, 15),
        "setting_demand_subperiod": partial(float, 1),
        "setting_extremes_interval": partial(float, 0),
        "closing_day": partial(float, 1),
        "firmware_version": partial(str, "SIM.1"),
        "model_name": partial(str, model),
        "serial_number": partial(str, f"{_number_of(place.device):010d}"),
    }


def _number_of(text: str) -> int:
    """A number of ten digits that stands for `text`, the same on every machine."""
    number = 0
    for byte in text.encode():
        number = (number * 131 + byte) % 10**10
    return number
