"""Steps that do the same thing to different records, gathered; and those that stand out from their like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from agentctl.views.document.judged import Judged
from agentctl.views.document.records import told_by_records
from agentctl.views.document.varying import Likes, likes
from agentctl.views.values import key, typed

_SMALLEST = 3
_MOST_EQUAL = 12        # groups of equal steps of one kind; where there are more, their values are told as varying


def groups(steps: Sequence[Mapping[str, Any]], judged: Judged) -> list[dict[str, Any]]:
    """Return the groups of steps that are alike, largest first, each with its outliers.

    Equal is everything a reviewer would judge by: action, effect, values, ruling, way back. Where all but single values
    is equal, ``varies`` has every one of them. An outlier has the action and effect of a group that holds most of their
    kind, and is in no group, or stands out by a value that ``stands_out`` names.
    """
    kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for step in steps:
        kinds[step["action"], step["effect"]].append(step)
    found = [group for same in kinds.values() if len(same) >= _SMALLEST for group in _of_one_kind(same, judged)]
    found.sort(key=lambda group: -group["count"])
    return [{"id": f"group-{number}", **group} for number, group in enumerate(found, 1)]


def alike(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of one step gathered by identical change, the rarest first: outliers lead."""
    gathered: dict[str, dict[str, Any]] = {}
    for record in records:
        likeness = key([record["effect"], record["changes"]])
        group = gathered.setdefault(
            likeness, {"effect": record["effect"], "changes": record["changes"], "addresses": []}
        )
        group["addresses"].append(record["address"])
    return sorted(gathered.values(), key=lambda group: len(group["addresses"]))


def _of_one_kind(steps: Sequence[Mapping[str, Any]], judged: Judged) -> list[dict[str, Any]]:
    equal = _equal(steps, judged)
    if len(equal) > _MOST_EQUAL:
        varying = likes(steps, judged)
        taken = {step["id"] for like in varying for step in like.steps}
        equal = [same for same in equal if not any(step["id"] in taken for step in same)]
    else:
        taken = {step["id"] for same in equal for step in same}
        varying = likes([step for step in steps if step["id"] not in taken], judged)
    found = [*(Likes(steps=same) for same in equal), *varying]
    taken = {step["id"] for like in found for step in like.steps}
    alone = [step["id"] for step in steps if step["id"] not in taken]
    return [_group(like, alone, len(steps)) for like in found]


def _equal(steps: Iterable[Mapping[str, Any]], judged: Judged) -> list[list[Mapping[str, Any]]]:
    likeness: dict[Hashable, list[Mapping[str, Any]]] = defaultdict(list)
    for step in steps:
        likeness[judged.number(step), _values(step)].append(step)
    return [same for same in likeness.values() if len(same) >= _SMALLEST]


def _group(like: Likes, alone: Sequence[str], total: int) -> dict[str, Any]:
    sample, ids = like.steps[0], [step["id"] for step in like.steps]
    apart = [name for item in like.stands_out for name in item["steps"]]
    rest = alone if len(ids) * 2 > total else []
    changes = sample["records"][0]["changes"] if len(sample["records"]) == 1 else []
    varying = {item["path"] for item in like.varies if item["part"] == "record"}
    return {
        "action": sample["action"],
        "effect": sample["effect"],
        "count": len(ids),
        "steps": ids,
        "changes": [change for change in changes if change["path"] not in varying],
        "varies": list(like.varies),
        "outliers": [*rest, *(name for name in apart if name not in {*rest})],
        "stands_out": list(like.stands_out),
    }


def _values(step: Mapping[str, Any]) -> Hashable:
    """Return what equals only that of a step with the same values: in its records, or in what it was given."""
    records = [
        (record["effect"], *[(change["path"], _side(change, "before"), _side(change, "after"))
                             for change in record["changes"]])
        for record in step["records"]
    ]
    return tuple(records), None if told_by_records(step) else key(step["arguments"]), tuple(step["notes"])


def _side(change: Mapping[str, Any], side: str) -> Hashable:
    return typed(change[side]) if side in change else None
