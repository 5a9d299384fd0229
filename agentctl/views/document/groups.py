"""Steps that do the same thing to different records, gathered; and those that stand out from their like."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentctl.views.document.records import told_by_records

_SMALLEST = 3


def groups(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups of identical steps, largest first, each with its outliers.

    Identical is everything a reviewer would judge by: action, effect, values, ruling, way back. An outlier has the
    action and effect of a group that holds most of their kind, but not its values.
    """
    kinds: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    sample: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        likeness = _likeness(step)
        kinds[step["action"], step["effect"]][likeness].append(step["id"])
        sample.setdefault(likeness, step)
    found = [group for alike in kinds.values() for group in _of_one_kind(alike, sample)]
    found.sort(key=lambda group: -group["count"])
    return [{"id": f"group-{number}", **group} for number, group in enumerate(found, 1)]


def alike(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of one step gathered by identical change, the rarest first: outliers lead."""
    gathered: dict[str, dict[str, Any]] = {}
    for record in records:
        likeness = _json([record["effect"], record["changes"]])
        group = gathered.setdefault(
            likeness, {"effect": record["effect"], "changes": record["changes"], "addresses": []}
        )
        group["addresses"].append(record["address"])
    return sorted(gathered.values(), key=lambda group: len(group["addresses"]))


def _of_one_kind(alike: Mapping[str, list[str]], sample: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    large = {likeness: ids for likeness, ids in alike.items() if len(ids) >= _SMALLEST}
    total = sum(map(len, alike.values()))
    found = []
    for likeness, ids in large.items():
        step = sample[likeness]
        others = [other for key, more in alike.items() if key not in large for other in more]
        found.append({
            "action": step["action"],
            "effect": step["effect"],
            "count": len(ids),
            "steps": ids,
            "changes": step["records"][0]["changes"] if len(step["records"]) == 1 else [],
            "outliers": others if len(ids) * 2 > total else [],
        })
    return found


def _likeness(step: Mapping[str, Any]) -> str:
    decision = step["decision"]
    return _json([
        step["action"], step["effect"], step["ruling"], step["why"], step["needs"], decision["verdict"],
        decision["mode"], [[item["rule"], item["outcome"], item["reason"]] for item in decision["findings"]],
        [[record["effect"], record["changes"]] for record in step["records"]],
        None if told_by_records(step) else step["arguments"],
        step["inverse"]["kind"], step["inverse"]["stays"], step["notes"],
    ])


def _json(wire: Any) -> str:
    return json.dumps(wire, sort_keys=True)
