"""What a plan is checked against: the actions there are and the workspace it is for. No live system is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The workspace as the loader needs it.

    ``actions`` holds every ActionSpec by its full name (``crm.row.update``), those for inverses only included.
    ``agents`` are the names policy knows, ``secrets`` those the workspace has; None where that is not known.
    ``addresses`` is the connectors' own, which raises Rejected for a target outside an instance's scope.
    ``root`` is the directory below which evidence is read.
    """

    actions: Mapping[str, ActionSpec]
    tenant: str = ""
    environment: str = ""
    agents: frozenset[str] | None = None
    secrets: frozenset[str] | None = None
    addresses: Callable[[Step], tuple[Address, ...]] | None = None
    root: Path | None = None
