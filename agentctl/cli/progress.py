"""Who watches a run: the person at the terminal, or the program reading stdout."""

from __future__ import annotations

import sys

from agentctl import __version__
from agentctl.cli.session import Session
from agentctl.engine.ports import Observer
from agentctl.views.progress import events, lines


def progress(session: Session, *, json: bool) -> Observer:
    """Return the observer of a run: events on stdout with ``json``, else a line a step on stderr."""
    return events(sys.stdout, __version__) if json else lines(sys.stderr, session.look(sys.stderr))
