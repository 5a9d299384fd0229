"""The policy a workspace names: a file, or every ``*.yaml`` of a folder."""

from __future__ import annotations

from pathlib import Path

from agentctl.errors import Invalid
from agentctl.policy.document import load as load_documents
from agentctl.policy.rules import Policy


def load_policy(root: Path, named: str) -> Policy:
    """Return the policy at ``named``, relative to ``root``. Raises Invalid where it is missing, empty or wrong."""
    place = root / named
    files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    try:
        sources = [(str(file.relative_to(root)), file.read_bytes()) for file in files]
    except (OSError, ValueError) as error:
        raise Invalid("The policy cannot be read", f"{place}: {error}. Without policy everything is denied.") from error
    return load_documents(sources)
