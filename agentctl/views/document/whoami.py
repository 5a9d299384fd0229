"""As whom connectors speak, as a document. No token stands in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.changeset import system_to_wire
from agentctl.model.speaker import Speaker


def whoami(speakers: Iterable[Speaker]) -> dict[str, Any]:
    """Return each speaker; ``works`` is whether all do."""
    found = [_speaker(speaker) for speaker in speakers]
    return {
        "version": 1, "kind": "WhoamiDocument", "works": not any(one["problem"] for one in found), "connectors": found,
    }


def _speaker(speaker: Speaker) -> dict[str, Any]:
    credential = {
        "provider": speaker.provider,
        "from": speaker.source,
        "per_step": speaker.per_step,
        "scopes": None if speaker.scopes is None else list(speaker.scopes),
        "expires": speaker.expires,
    }
    return {
        "name": speaker.name,
        "type": speaker.type,
        "credential": credential if speaker.provider else None,
        "system": None if speaker.identity is None else system_to_wire(speaker.identity),
        "problem": speaker.problem,
    }
