"""Modbus RTU, ASCII and TCP meters from profiles in YAML."""

from hub.sdk import Integration, hookimpl
from hub_modbus.config import SCHEMA, check
from hub_modbus.poll import run


@hookimpl
def hub_integrations() -> list[Integration]:
    """Modbus as an integration: one entry is one line with its devices."""
    return [Integration("modbus", SCHEMA, run, check=check)]
