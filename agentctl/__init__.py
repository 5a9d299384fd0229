"""The execution boundary between AI agents and systems of record."""

__version__ = "0.1.0"
