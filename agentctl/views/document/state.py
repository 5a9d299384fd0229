"""What we last knew of the records we touched, as documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.model.run import History
from agentctl.model.state import Known, State


def state(state: State, history: History) -> dict[str, Any]:
    """Return the document of ``state list``; what the ``open`` runs did is not in it yet."""
    head = state.head
    return {
        "version": 1,
        "kind": "StateDocument",
        "lineage": state.lineage,
        "serial": state.serial,
        "head": head and {"digest": head.digest, "seq": head.seq, "file": head.file},
        "open": [run.id for run in history.runs if run.number > state.serial],
        "records": [_known(address, item) for address, item in sorted(state.records.items())],
    }


def known(address: str, known: Known, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the document of ``state show``; ``values`` are what commitments stand for, where that can be told."""
    fields = None
    if known.fields is not None:
        fields = {
            name: (values or {}).get(commitment, {"$hidden": commitment}) for name, commitment in known.fields.items()
        }
    return {"version": 1, "kind": "KnownDocument", **_known(address, known), "values": fields}


def _known(address: str, known: Known) -> dict[str, Any]:
    return {
        "address": address,
        "exists": known.fields is not None,
        "fields": sorted(known.fields or ()),
        "run": known.run,
        "step": known.step,
    }
