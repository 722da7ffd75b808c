"""Meters of Sfere Electric: register maps for the Modbus integration."""

from importlib.resources import files

from hub.sdk import ProfileFolder, hookimpl


@hookimpl
def hub_profiles() -> list[ProfileFolder]:
    """The maps in `profiles/`, known as `sfere/sfere720` and so on."""
    return [ProfileFolder("modbus", "sfere", files(__name__) / "profiles")]
