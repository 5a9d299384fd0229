"""The ActionSpec of each verb of a manifest: what plans are checked against offline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.connectors.rest.manifest import Doing, Manifest, RecordType, Verb
from agentctl.model.action import ActionSpec, Fidelity, Readback


def actions(manifest: Manifest) -> Mapping[str, ActionSpec]:
    """Return what a manifest offers, by verb."""
    return {name: _spec(verb) for name, verb in manifest.verbs.items()}


def _spec(verb: Verb) -> ActionSpec:
    kind = verb.record
    looks = verb.doing in {Doing.READ, Doing.LIST}
    return ActionSpec(
        verb=verb.name,
        summary=verb.summary,
        target=_target(verb),
        arguments=_arguments(verb),
        record=_record(kind),
        tier=verb.tier,
        reversibility=verb.reversibility,
        stays=verb.stays,
        preview=_fidelity(verb),
        precondition=verb.precondition,
        settlement=verb.settlement,
        key_lifetime=verb.key_lifetime,
        readback=Readback.NONE if looks or verb.doing is Doing.SIDE_EFFECT else Readback.RECORD,
        consistency=verb.consistency,
        scopes=verb.scopes,
        secret=frozenset(name for name, argument in verb.arguments.items() if argument.secret),
        sensitive=frozenset(name for name, field in kind.fields.items() if field.sensitive),
        volatile=frozenset(name for name, field in kind.fields.items() if field.volatile),
        sealed=frozenset(name for name, field in kind.fields.items() if field.sealed),
        recipients=tuple(name for name, argument in verb.arguments.items() if argument.recipient),
        amounts=tuple(name for name, argument in verb.arguments.items() if argument.amount),
        inverse_only=verb.inverse_only,
    )


def target_of(verb: Verb) -> str:
    """Return the template of the targets a verb takes."""
    if verb.doing is Doing.LIST and verb.record.listing is not None:
        return verb.record.listing.address.text
    return verb.record.address.without(frozenset(verb.assigns)).text


def _target(verb: Verb) -> str:
    text = target_of(verb)
    for name in verb.record.address.names:
        text = text.replace(f"{{{name}}}", name.upper())
    return text


def _arguments(verb: Verb) -> Mapping[str, Any]:
    if verb.doing is Doing.LIST and verb.record.listing is not None:
        return _object(verb.record.listing.filters, ())
    properties: dict[str, Any] = {name: verb.record.fields[name].schema for name in verb.sets}
    for name, argument in verb.arguments.items():
        said = {"description": argument.summary} if argument.summary else {}
        properties[name] = {**said, **argument.schema}
    others = verb.record.others
    schema = _object(
        properties, verb.required, others=others.schema if verb.sets_any and others is not None else False
    )
    if verb.together:
        schema["dependentRequired"] = {name: list(others) for name, others in verb.together.items()}
    changes = verb.doing is Doing.UPDATE and (verb.sets or verb.sets_any)
    return {**schema, "minProperties": 1} if changes and not verb.becomes and not verb.replaces else schema


def _record(kind: RecordType) -> Mapping[str, Any]:
    properties = {
        name: field.schema if field.required else {"anyOf": [field.schema, {"type": "null"}]}
        for name, field in kind.fields.items()
    }
    return _object(properties, (), others=kind.others is not None)


def _object(properties: Mapping[str, Any], required: tuple[str, ...], *, others: Any = False) -> dict[str, Any]:
    return {
        "type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": others,
    }


def _fidelity(verb: Verb) -> Fidelity:
    if verb.doing is Doing.SIDE_EFFECT:
        return Fidelity.NONE
    if verb.doing is not Doing.CREATE:
        return Fidelity.EXACT
    told = {*verb.sets, *verb.becomes, *(name for name, field in verb.record.fields.items() if field.defaults)}
    return Fidelity.EXACT if told >= verb.record.fields.keys() else Fidelity.PARTIAL
