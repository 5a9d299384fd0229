"""A policy as it stands, as the document of ``policy show``; each rule's facts in the words both drawings use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views.document.policy_constraints import constraint_facts


def policy_show(matrix: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a policy's matrix."""
    return {"version": 1, "kind": "PolicyDocument", **matrix}


def grant_facts(grant: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a grant says as pairs of a word and a text, what it leaves open included."""
    forbids = grant["mode"] == "forbid"
    opened = ", ".join(f"{item['action']} ({item['tier']})" for item in grant["opens"])
    facts = [
        ("may not" if forbids else "may", ", ".join(grant["actions"])),
        ("on", "any record" if grant["targets"] is None else ", ".join(grant["targets"])),
        ("fields", "any" if grant["fields"] is None else ", ".join(grant["fields"])),
        ("where", grant["where"] or ""),
        ("consent", "" if forbids else _consent(grant)),
        *constraint_facts(grant["constraints"]),
        ("secrets", ", ".join(grant["secrets"])),
        ("limits", "; ".join(map(limit_words, grant["limits"]))),
        ("opens", "" if forbids else opened or "nothing that is configured"),
    ]
    return [(word, text) for word, text in facts if text]


def limit_words(limit: Mapping[str, Any]) -> str:
    """Return a limit in words: ``20 steps per 1h for each agent``."""
    most = limit["max"]
    if isinstance(most, dict):
        allowed = ", ".join(f"{amount:,} {currency}" for currency, amount in most.items())
    else:
        allowed = f"{most:,}"
    unit = {"count": " steps", "sum": f" of {limit['sum']}"}.get(limit["measure"], f" {limit['measure']}")
    of = "" if limit["actions"] is None else f", counting {', '.join(limit['actions'])}"
    return f"{allowed}{unit} per {limit['per']} for each {limit['by']}{of}"


def invariant_facts(invariant: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what an invariant says as pairs of a word and a text."""
    facts = [(word, invariant[word] or "") for word in ("when", "deny", "require")]
    facts.append(("denies", "what looks like a credential" if invariant["content"] else ""))
    facts.append(("message", invariant["message"]))
    facts.append(("level", "" if invariant["level"] == "hard" else invariant["level"]))
    facts.append(("override", _overriders(invariant)))
    facts.append(("not for", ", ".join(invariant["except"])))
    return [(word, text) for word, text in facts if text]


def breaker_facts(breaker: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a breaker says as pairs of a word and a text."""
    halted = {"agent": "the agent", "connector": "the connector", "all": "everything"}[breaker["halt"]]
    facts = [("when", breaker["rule"]), ("halts", halted)]
    facts += [("only of", ", ".join(breaker["agents"])), ("only on", ", ".join(breaker["connectors"]))]
    return [(word, text) for word, text in facts if text]


def lifters(document: Mapping[str, Any]) -> str:
    """Return in words who may lift a halt."""
    unhalt = document["unhalt"]
    if unhalt is None:
        return "whoever may write to this workspace: there is no `unhalt:`"
    groups = set(unhalt["from"])
    people = [person["person"] for person in document["people"] if groups.intersection(person["groups"])]
    proof = "signed" if unhalt["signed"] else "by login name"
    return f"{' or '.join(unhalt['from'])} ({', '.join(people) or 'nobody'}), {proof}"


def glass(document: Mapping[str, Any]) -> str:
    """Return in words who may break the glass."""
    rule = document["break_glass"]
    if rule is None:
        return "nobody may: there is no `break_glass:`"
    who = f"{' or '.join(rule['from'])} ({', '.join(rule['people']) or 'nobody'})"
    return f"{who}, for {rule['expires']} at most, reviewed by somebody else within {rule['review_within']}"


def undoers(document: Mapping[str, Any]) -> str:
    """Return in words who may undo."""
    rollback = document["rollback"]
    if rollback is None:
        return "nobody may undo: there is no `rollback:`"
    groups = set(rollback["from"])
    people = [person["person"] for person in document["people"] if groups.intersection(person["groups"])]
    signed = f", with {rollback['signatures']} signatures" if rollback["signatures"] else ""
    return f"{' or '.join(rollback['from'])} ({', '.join(people) or 'nobody'}){signed}"


def _overriders(invariant: Mapping[str, Any]) -> str:
    if invariant["level"] != "soft":
        return ""
    if (rule := invariant["override"]) is None:
        return "by broken glass only"
    return f"by {' or '.join(rule['from'])} ({', '.join(rule['people']) or 'nobody'}), for {rule['expires']} at most"


def _consent(grant: Mapping[str, Any]) -> str:
    mode = grant["mode"] or "by tier (read and draft auto, write approve, execute manual)"
    if approvals := grant["approvals"]:
        people = " or ".join(approvals["from"]) or "anybody"
        return f"{mode}, {approvals['count']} signed by {people}"
    return str(mode)
