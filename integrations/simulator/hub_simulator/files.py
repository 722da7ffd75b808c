"""Where profiles and plants come from: the packages that are installed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable

from hub.sdk import ProfileFolder

log = logging.getLogger(__name__)

_PROTOCOL = "modbus"


def installed_profiles() -> dict[str, Traversable]:
    """Modbus profiles of every installed plugin, by full name such as `sfere/sfere720`."""
    found: dict[str, Traversable] = {}
    for point in entry_points(group="kwhub"):
        try:
            hook: Callable[[], list[ProfileFolder]] = getattr(point.load(), "hub_profiles", list)
            folders = hook()
        except (ImportError, SyntaxError, AttributeError, TypeError, ValueError, RuntimeError, OSError) as error:
            log.warning("plugin %s brings no profiles: %s", point.name, error)
            continue
        for folder in folders:
            if folder.protocol == _PROTOCOL:
                found |= {
                    f"{folder.prefix}/{file.name.removesuffix('.yaml')}": file
                    for file in folder.folder.iterdir()
                    if file.name.endswith(".yaml")
                }
    return found


def demo_plant() -> Traversable:
    """The description of the demo plant that comes with this package."""
    return files("hub_simulator") / "plants" / "demo.yaml"
