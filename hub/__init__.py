"""kWHub: an industrial energy hub with a small core, everything else a plugin."""

__version__ = "0.1.0"
