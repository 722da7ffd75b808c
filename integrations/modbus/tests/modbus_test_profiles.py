"""Brings the profiles of these tests into a hub the way any maker's plugin does."""

from pathlib import Path

from hub.sdk import ProfileFolder, hookimpl


@hookimpl
def hub_profiles() -> list[ProfileFolder]:
    return [ProfileFolder("modbus", "test", Path(__file__).parent / "profiles")]
