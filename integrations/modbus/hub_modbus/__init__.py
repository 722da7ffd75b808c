"""Modbus RTU, ASCII and TCP meters from profiles in YAML."""
