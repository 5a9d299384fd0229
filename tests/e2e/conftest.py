"""The examples' workspace: the same path, person and terminal in every run."""

from __future__ import annotations

from tests.examples.conftest import workspace

__all__ = ["workspace"]
