"""Who may do what in a repository, by name: read as one record for each person, given, changed and taken away."""

from __future__ import annotations

from agentctl.connectors.github.access.giving import Giving
from agentctl.connectors.github.access.looking import Looking
from agentctl.connectors.github.access.people import People
from agentctl.connectors.github.access.taking import Taking
from agentctl.connectors.github.hook import Hook
from agentctl.connectors.rest.connector import RestConnector


def hooks(rest: RestConnector, people: People) -> tuple[Hook, ...]:
    """Return every verb for collaborators that a manifest cannot say."""
    return Looking(rest, people), Giving(rest, people, new=True), Giving(rest, people, new=False), Taking(rest, people)
