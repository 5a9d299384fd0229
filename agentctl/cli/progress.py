"""Who watches a run: the person at the terminal, or the program reading stdout."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from agentctl import __version__
from agentctl.cli.session import Session
from agentctl.engine.ports import Observer
from agentctl.model.diagnostic import Span
from agentctl.views.progress import events, lines


def progress(session: Session, places: Mapping[str, Span], *, json: bool) -> Observer:
    """Return the observer of a run: events on stdout with ``json``, else a line a step on stderr.

    ``places`` say where its steps stand in the plan's file, as far as that is known.
    """
    if json:
        return events(sys.stdout, __version__, places)
    return lines(sys.stderr, session.look(sys.stderr), places)
