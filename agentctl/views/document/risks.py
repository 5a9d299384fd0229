"""What a reviewer must see first, counted: denials, what can't be undone, what nobody can foresee."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from agentctl.views.document.judged import Judged

_Step: TypeAlias = Mapping[str, Any]
_HARMLESS = ("read", "no-op")


def judged_alike(steps: Sequence[_Step], judged: Judged) -> list[list[_Step]]:
    """Return the steps gathered by all that they are judged by, which is mostly the same; the kind seen first leads."""
    kinds: dict[Hashable, list[_Step]] = defaultdict(list)
    for step in steps:
        kinds[_like(step, judged)].append(step)
    return [*kinds.values()]


def risks(steps: Sequence[_Step], kinds: Sequence[Sequence[_Step]]) -> list[dict[str, Any]]:
    """Return the kinds of risk that occur, gravest first, each with a title and its steps gathered by reason.

    ``kinds`` are the same ``steps``, ``judged_alike``.
    """
    places = {step["id"]: place for place, step in enumerate(steps)} if len(kinds) > 1 else {}
    found = []
    for kind, title, applies, reason in _RISKS:
        concerned = [same for same in kinds if applies(same[0])]
        if concerned:
            found.append({
                "kind": kind,
                "title": title(sum(map(len, concerned))),
                "count": sum(map(len, concerned)),
                "items": _by_reason(concerned, reason, places),
            })
    return found


def denied(step: _Step) -> bool:
    """Whether policy refuses a step, and not a person or a doubt."""
    return bool(step["ruling"] == "refuse" and not (step["halt"] or step["rejection"] or step["doubt"]))


def irreversible(step: _Step) -> bool:
    return step["effect"] not in _HARMLESS and step["inverse"]["kind"] == "none"


def _like(step: _Step, judged: Judged) -> Hashable:
    """Return what equals only that of a step with the same risks for the same reasons: nearly all have the same."""
    return (
        judged.number(step), step["halt"] is None, step["rejection"] is None, step["doubt"] is None,
        step["preview"], step["precondition"], tuple(step["notes"]), _is_there(step),
    )


def _is_there(step: _Step) -> bool:
    return any("/new:" not in record["address"] for record in step["records"])


def _by_reason(
    concerned: Sequence[Sequence[_Step]], reason: Callable[[_Step], _Reason], places: Mapping[str, int]
) -> list[dict[str, Any]]:
    gathered: dict[tuple[str, str], tuple[Mapping[str, Any] | None, list[_Step]]] = {}
    for same in concerned:
        why, finding = reason(same[0])
        gathered.setdefault((same[0]["action"], why), (finding, []))[1].extend(same)
    if len(concerned) > len(gathered):
        for _, together in gathered.values():
            together.sort(key=lambda step: places[step["id"]])
    return [
        {
            "action": action,
            "why": why,
            "rule": finding["rule"] if finding else "",
            "place": finding["place"] if finding else "",
            "steps": [step["id"] for step in together],
            "targets": [step["target"] for step in together],
        }
        for (action, why), (finding, together) in gathered.items()
    ]


_Reason: TypeAlias = tuple[str, Mapping[str, Any] | None]


def _finding(step: _Step, *outcomes: str) -> Mapping[str, Any] | None:
    return next((item for item in step["decision"]["findings"] if item["outcome"] in outcomes), None)


def _denial(step: _Step) -> _Reason:
    finding = _finding(step, "denies", "error")
    return step["why"] or (finding["reason"] if finding else "no rule allows it"), finding


def _halted(step: _Step) -> _Reason:
    return step["why"], None


def _passes(step: _Step) -> _Reason:
    passed = [item for item in step["decision"]["findings"] if item["outcome"] == "overridden"]
    return "; ".join(f"`{item['rule']}` {item['reason']}" for item in passed), passed[0]


def _undecided(step: _Step) -> _Reason:
    finding = _finding(step, "undecided")
    return finding["reason"] if finding else "", finding


def _no_way_back(step: _Step) -> _Reason:
    return step["inverse"]["stays"], None


def _amends(step: _Step) -> _Reason:
    return step["inverse"]["stays"] or "rollback makes amends, it does not restore", None


def _unforeseen(step: _Step) -> _Reason:
    return "; ".join(step["notes"]), None


def _waits(step: _Step) -> _Reason:
    return "; ".join(need["what"] for need in step["needs"]), None


def _window(step: _Step) -> _Reason:
    if step["precondition"] == "none":
        return "there is nothing to compare: it acts on whatever it finds", None
    return "the system does not compare; what changes in the moment before acting is overwritten", None


def _steps(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


_RISKS: tuple[
    tuple[str, Callable[[int], str], Callable[[_Step], bool], Callable[[_Step], _Reason]], ...
] = (
    (
        "denied",
        lambda count: _steps(count, "step is denied by policy", "steps are denied by policy"),
        denied,
        _denial,
    ),
    (
        "rejected",
        lambda count: _steps(count, "step is rejected", "steps are rejected"),
        lambda step: step["rejection"] is not None,
        _halted,
    ),
    (
        "halted",
        lambda count: _steps(count, "step is halted", "steps are halted"),
        lambda step: step["halt"] is not None,
        _halted,
    ),
    (
        "in-doubt",
        lambda count: _steps(count, "step may have been done already", "steps may have been done already"),
        lambda step: step["doubt"] is not None,
        _halted,
    ),
    (
        "overridden",
        lambda count: _steps(count, "step passes a soft rule that denies it", "steps pass soft rules that deny them"),
        lambda step: _finding(step, "overridden") is not None,
        _passes,
    ),
    (
        "irreversible",
        lambda count: _steps(count, "step cannot be undone", "steps cannot be undone"),
        irreversible,
        _no_way_back,
    ),
    (
        "unforeseen",
        lambda count: _steps(count, "step whose effect is UNKNOWN", "steps whose effect is UNKNOWN"),
        lambda step: step["effect"] not in _HARMLESS and step["preview"] == "none",
        _unforeseen,
    ),
    (
        "undecided",
        lambda count: _steps(count, "step policy can decide only later", "steps policy can decide only later"),
        lambda step: step["ruling"] != "refuse" and _finding(step, "undecided") is not None,
        _undecided,
    ),
    (
        "held",
        lambda count: _steps(count, "step needs signed approval", "steps need signed approval"),
        lambda step: any(need["kind"] == "signatures" for need in step["needs"]),
        _waits,
    ),
    (
        "compensating",
        lambda count: _steps(count, "step can only be made up for", "steps can only be made up for"),
        lambda step: step["effect"] not in _HARMLESS and step["inverse"]["kind"] == "compensating",
        _amends,
    ),
    (
        "stays",
        lambda count: _steps(count, "step leaves something when undone", "steps leave something when undone"),
        lambda step: (
            step["effect"] not in _HARMLESS and step["inverse"]["kind"] == "exact" and bool(step["inverse"]["stays"])
        ),
        _no_way_back,
    ),
    (
        "window",
        lambda count: _steps(
            count,
            "step overwrites what changes in the moment before it acts",
            "steps overwrite what changes in the moment before they act",
        ),
        lambda step: (
            step["effect"] not in _HARMLESS and step["precondition"] != "enforced" and _is_there(step)
        ),
        _window,
    ),
)
