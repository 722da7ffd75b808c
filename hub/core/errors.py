"""What can go wrong, told to the person who can mend it."""

from __future__ import annotations


class HubError(Exception):
    """Root of every error the hub raises on purpose."""


class ConfigError(HubError):
    """A line of configuration that cannot be used: where it stands and what was expected there."""

    def __init__(self, message: str, *, file: str = "", line: int = 0, path: str = "") -> None:
        self.message = message
        self.file = file
        self.line = line
        self.path = path
        place = f"{file}:{line}: " if file else ""
        super().__init__(f"{place}{path}: {message}" if path else f"{place}{message}")


class ConfigErrors(HubError):
    """Every mistake found in one reading of the configuration, in file and line order."""

    def __init__(self, errors: list[ConfigError]) -> None:
        self.errors = sorted(errors, key=lambda error: (error.file, error.line))
        super().__init__("\n".join(str(error) for error in self.errors))


class PluginError(HubError):
    """An installed plugin that cannot be used."""


class LinkError(HubError):
    """The other end does not answer, or answers nonsense: try again later."""


class FrameError(HubError):
    """Bytes that are no frame of the protocol; carries them for the frame log."""

    def __init__(self, message: str, frame: bytes = b"") -> None:
        self.frame = frame
        super().__init__(f"{message}: {frame.hex(' ')}" if frame else message)


class ProfileError(HubError):
    """A meter profile that contradicts itself or its schema."""


class UnknownEntity(HubError, KeyError):
    """No entity of that id in this hub."""

    def __str__(self) -> str:
        return f"no such entity: {self.args[0]}"
