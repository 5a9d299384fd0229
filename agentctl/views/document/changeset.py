"""A ChangeSet and its rulings as the document that plan, review and consent are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from agentctl.model.action import ActionSpec
from agentctl.model.authorship import CLAIMED, Authorship, authorship_to_wire
from agentctl.model.change import Effect
from agentctl.model.changeset import ChangeSet, Purpose, system_to_wire
from agentctl.model.decision import ConsentKind, Overridden, Ruling, override_to_wire
from agentctl.model.limit import Standing
from agentctl.model.run import Left
from agentctl.syntax.collector import paused
from agentctl.views import safe
from agentctl.views.document.claims import claims
from agentctl.views.document.edits import edits
from agentctl.views.document.groups import groups
from agentctl.views.document.judged import Judged
from agentctl.views.document.limits import limits as standing
from agentctl.views.document.overrides import way_past
from agentctl.views.document.risks import denied, irreversible, judged_alike, risks
from agentctl.views.document.signing import WHY, signing
from agentctl.views.document.steps import steps as steps_of

_Step: TypeAlias = Mapping[str, Any]
_SHORT = 12


@paused()
def changeset(
    changeset: ChangeSet,
    rulings: Mapping[str, Ruling],
    specs: Mapping[str, ActionSpec],
    left: Mapping[str, Left] | None = None,
    values: Mapping[str, Any] | None = None,
    author: Authorship = CLAIMED,
    limits: Iterable[Standing] = (),
    overrides: Iterable[Overridden] = (),
) -> dict[str, Any]:
    """Return the document of a changeset.

    ``rulings`` are by step id, ``specs`` by action (``crm.row.update``). ``left`` is what a rollback leaves alone.
    ``values`` are the hidden values by their commitments, shown where they are not sensitive. ``author`` is what is
    known of who wrote the plan. ``limits`` are those it takes of, as they stand now.
    ``overrides`` are those that count for it.
    """
    steps = steps_of(changeset, rulings, specs, values or {})
    effects, digest = changeset.effects, changeset.digest
    judged = Judged()
    kinds = judged_alike(steps, judged)
    of_each_kind = [same[0] for same in kinds]
    outcome = _outcome(of_each_kind)
    return {
        "version": 1,
        "kind": "ChangeSetDocument",
        "digest": digest,
        "short": short(digest),
        "effects": effects,
        "plan": changeset.plan.digest,
        "policy": changeset.policy,
        "lineage": changeset.lineage,
        "tenant": changeset.tenant,
        "environment": changeset.environment,
        "purpose": changeset.purpose.value,
        "undoes": changeset.undoes,
        "repeat": changeset.repeat,
        "on_failure": changeset.plan.on_failure.value,
        "systems": {name: system_to_wire(system) for name, system in changeset.systems.items()},
        "author": authorship_to_wire(author),
        "edits": edits(changeset.plan, specs, values or {}),
        "claims": claims(changeset.plan),
        "risks": risks(steps, kinds),
        "groups": groups(steps, judged),
        "steps": steps,
        "left": untouched(left or {}),
        "limits": standing(limits),
        "overrides": list(map(override_to_wire, overrides)),
        "summary": _summary(steps, kinds),
        "outcome": outcome,
        "next": [
            *_signing(changeset, rulings),
            *_way_past(changeset, rulings),
            *_next(outcome, changeset, short(digest), of_each_kind),
        ],
    }


def untouched(left: Mapping[str, Left]) -> list[dict[str, str]]:
    """Return the steps a rollback leaves alone, each with the reason."""
    return [{"step": step, "status": item.status.value, "reason": item.reason} for step, item in left.items()]


def short(digest: str) -> str:
    """Return the part of a digest that people type."""
    return digest.removeprefix("sha256:")[:_SHORT]


def stopped(document: Mapping[str, Any]) -> str:
    """Return the outcome of a document, and who refused it where policy did not: ``halted``, ``rejected``…"""
    summary = document["summary"]
    if document["outcome"] != "refused" or summary["denied"]:
        return str(document["outcome"])
    return next(word for word in ("rejected", "halted", "in_doubt") if summary[word])


def _summary(steps: Sequence[_Step], kinds: Sequence[Sequence[_Step]]) -> dict[str, int]:
    records = [item["effect"] for step in steps for item in step["records"]]

    def count(applies: Callable[[_Step], bool]) -> int:
        return sum(len(same) for same in kinds if applies(same[0]))

    return {
        "steps": len(steps),
        "add": records.count(Effect.CREATE.value),
        "change": records.count(Effect.UPDATE.value),
        "destroy": records.count(Effect.DELETE.value),
        "side_effects": count(lambda step: step["effect"] == Effect.SIDE_EFFECT.value),
        "no_ops": count(lambda step: step["effect"] == Effect.NO_OP.value),
        "reads": count(lambda step: step["effect"] == Effect.READ.value),
        "permitted": count(lambda step: step["ruling"] == "permit"),
        "held": count(lambda step: step["ruling"] == "hold"),
        "denied": count(denied),
        "halted": count(lambda step: step["halt"] is not None),
        "rejected": count(lambda step: step["rejection"] is not None),
        "in_doubt": count(lambda step: step["doubt"] is not None),
        "irreversible": count(irreversible),
        "unknown": sum([len(step["unknown"]) for step in steps]),
    }


def _outcome(steps: Sequence[_Step]) -> str:
    rulings = {step["ruling"] for step in steps}
    if "refuse" in rulings:
        return "refused"
    if {step["effect"] for step in steps} <= {Effect.NO_OP.value}:
        return "no-changes"
    return "held" if "hold" in rulings else "ready"


def _signing(changeset: ChangeSet, rulings: Mapping[str, Ruling]) -> list[dict[str, str]]:
    command = signing(changeset, rulings)
    return [{"why": WHY, "command": command}] if command else []


def _way_past(changeset: ChangeSet, rulings: Mapping[str, Ruling]) -> list[dict[str, str]]:
    why, command = way_past(changeset, rulings)
    return [{"why": why, "command": command}] if command else []


def _withdrawing(digest: str, refused: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    person = next(step["rejection"]["person"] for step in refused if step["rejection"])
    who = f"`{person}`" if person else "Nobody"
    return {
        "why": f"Approvals do not help while that stands. {who} can take it back:" if person
        else "Nothing with these effects is carried out while that file is there. What is kept is listed by:",
        "command": f"agentctl reject {digest} --withdraw --reason …" if person else "ls .agentctl/rejections",
    }


def _settling(doubt: Mapping[str, str]) -> list[dict[str, str]]:
    run = safe.shell_word(doubt["run"]) or "RUN"
    return [
        {"why": "To see what is known of it:", "command": f"agentctl show {run}"},
        {"why": "To find out, and to go on with that run:", "command": f"agentctl apply --resume {run}"},
    ]


def _next(outcome: str, changeset: ChangeSet, digest: str, steps: Sequence[_Step]) -> list[dict[str, str]]:
    match outcome:
        case "refused" if changeset.purpose is Purpose.ROLLBACK:
            return []       # what is explained is a plan
        case "refused":
            refused = [step for step in steps if step["ruling"] == "refuse"]
            if any(step["rejection"] for step in refused):
                return [_withdrawing(digest, refused)]
            first = next(filter(denied, refused), None)
            if first is None:
                halt = next((step["halt"] for step in refused if step["halt"]), None)
                if halt is None:
                    return _settling(refused[0]["doubt"])
                look = [{"why": "To see what went wrong:", "command": halt["look"]}] if halt["look"] else []
                return [*look, {"why": "To go on once the reason for the halt is settled:", "command": halt["lift"]}]
            plan = safe.shell_word(changeset.plan.source) or "PLAN"
            step = safe.shell_word(first["id"]) or "STEP"
            return [{
                "why": "To see how policy came to this:",
                "command": f"agentctl policy explain {plan} --step {step}",
            }]
        case "no-changes":
            return []
    verb = "undo" if changeset.purpose is Purpose.ROLLBACK else "do"
    apply = {"why": f"To {verb} exactly this:", "command": f"agentctl apply {digest}"}
    needs = {(need["what"], need["command"]): None for step in steps for need in step["needs"] if need["command"]}
    told = [{"why": f"{what}:", "command": command} for what, command in needs if command != apply["command"]]
    if any(need["kind"] == ConsentKind.SIGNATURES for step in steps for need in step["needs"]):
        told.insert(0, {"why": "To approve exactly this:", "command": f"agentctl approve {digest}"})
    return [*told, apply]
