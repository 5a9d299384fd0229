"""The keys of a workspace as a document: names and dates, nothing secret."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agentctl.model.keeping import Keeping


def keys(keeping: Keeping) -> dict[str, Any]:
    """Return the document of ``key show``."""
    newest = len(keeping.keys) - 1
    return {
        "version": 1,
        "kind": "KeyDocument",
        "lineage": keeping.lineage,
        "file": keeping.path,
        "usable": not keeping.problem,
        "problem": keeping.problem,
        "keys": [
            {
                "fingerprint": key.fingerprint,
                "public_key": key.public_key,
                "in_force": number == newest,
                "here": key.here,
                "packs": key.packs,
                "replaced_the_one_before": asdict(key.came) if key.came else None,
            }
            for number, key in enumerate(keeping.keys)
        ],
        "foreign_packs": keeping.foreign,
        "next": [{"why": "To be able to act here again:", "command": keeping.command}] if keeping.command else [],
    }
