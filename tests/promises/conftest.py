"""A fresh workspace with all four kinds of system for every promise."""

from __future__ import annotations

from tests.e2e.conftest import _model, house

__all__ = ["_model", "house"]
