"""What a step would do to its record, and how it would be undone: told from the manifest and what was read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from agentctl.connectors.base import View
from agentctl.connectors.rest.expressions import Scope, evaluate
from agentctl.connectors.rest.manifest import Doing, Verb
from agentctl.connectors.rest.names import Names
from agentctl.connectors.rest.normal import written
from agentctl.connectors.rest.pointer import ABSENT
from agentctl.connectors.rest.writing import encoded
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import within
from agentctl.model.values import UNKNOWN, Fields, Value, has_unknown, same, to_wire


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """Previews the steps of one instance."""

    names: Names
    specs: Mapping[str, ActionSpec]

    def preview(self, step: Step, view: View) -> Change:
        """Return what ``step`` would do. Raises Rejected where it cannot succeed."""
        verb = self.names.manifest.verbs[step.verb]
        address = self.names.of_step(step, verb)
        if verb.doing is Doing.LIST:
            members = view.read(address).members
            return self._change(
                step, Effect.READ, reads=(address,),
                records=tuple(RecordChange(address=one.address, before=one.value, after=one.value) for one in members),
            )
        before = view.read(address).value
        if verb.doing is Doing.CREATE:
            if before is not None:
                raise Rejected("Record exists", f"There is {within(address)} already.")
        elif before is None:
            hint = "It may be there and the token not see it." if verb.record.hidden else ""
            raise Rejected("Record absent", f"There is no {within(address)}.", hint=hint)
        if verb.doing is Doing.SIDE_EFFECT:
            return self._change(
                step, Effect.SIDE_EFFECT, reads=(address,), inverse=Inverse(kind=Reversibility.NONE, stays=verb.stays)
            )
        after = self._after(verb, step, before)
        _ready(verb, before, after, within(address))
        record = RecordChange(address=address, before=before, after=after)
        if verb.doing is Doing.READ:
            return self._change(step, Effect.READ, records=(record,), reads=(address,))
        return self._change(
            step, strongest((record,)), records=(record,), inverse=self._inverse(verb, step, record),
            receipt=dict.fromkeys({**verb.ids, **({"id": ""} if verb.assigns else {})}, UNKNOWN),
        )

    def _change(self, step: Step, effect: Effect, **parts: Any) -> Change:
        parts.setdefault("inverse", Inverse(kind=Reversibility.EXACT))
        return Change(
            step=step.id, action=step.action, target=step.target, effect=effect, arguments=step.with_, **parts
        )

    def _after(self, verb: Verb, step: Step, before: Fields | None) -> Fields | None:
        """Return the record as it is to become."""
        if verb.doing is Doing.READ:
            return before
        if verb.doing is Doing.DELETE:
            return None
        given = {name: value for name, value in step.with_.items() if name not in verb.arguments}
        becomes = evaluate(verb.becomes, self._scope(verb, step, before))
        fields: dict[str, Value] = {} if before is None or verb.replaces else dict(before)
        for name, value in {**given, **becomes}.items():
            field = verb.record.fields.get(name)
            normal = cast(Any, value) if field is None else written(field, value)
            if normal is not ABSENT:
                fields[name] = cast(Value, normal)
        if verb.doing is Doing.CREATE or verb.replaces:
            for name, field in verb.record.fields.items():
                if name not in fields and (verb.record.others is None or field.defaults):
                    fields[name] = field.defaults.get("initial", UNKNOWN)
        return fields

    def _inverse(self, verb: Verb, step: Step, record: RecordChange) -> Inverse:
        """Return the step that undoes the change; none where what it must write cannot be written."""
        if verb.inverse is None:
            return Inverse(kind=Reversibility.NONE, stays=verb.stays)
        old, new = record.before or {}, record.after or {}
        changed = {name: value for name, value in old.items() if name not in new or not same(value, new[name])}
        other = self.names.manifest.verbs[verb.inverse.verb]
        kept = _to_be_written(other, old) if dict(verb.inverse.with_) == {"$before": True} else record.before
        with_ = _merged(verb.inverse.with_, self._scope(verb, step, kept, changed))
        if "$changed" in verb.inverse.with_ and (gone := sorted(new.keys() - old.keys())):
            return Inverse(
                kind=Reversibility.NONE, stays=f"There was no `{gone[0]}` before, and {other.name} takes none away."
            )
        if (wrong := self._unfit(other, with_)) is not None:
            return Inverse(kind=Reversibility.NONE, stays=f"{other.name} cannot write what was there before: {wrong}")
        undo = Step(
            id=step.id, action=f"{self.names.instance}.{other.name}", target=within(record.address), with_=with_
        )
        return Inverse(kind=verb.reversibility, step=undo, stays=verb.stays)

    def _unfit(self, verb: Verb, with_: Fields) -> str | None:
        """Say why a verb would not take these arguments, without their values."""
        from agentctl.syntax.explain import without_value
        from agentctl.syntax.schema import problems

        if has_unknown(with_):
            return None
        found = problems(self.specs[verb.name].arguments, to_wire(with_))
        if not found:
            return None
        name = str(found[0].pointer[0]) if found[0].pointer else ""
        if name and with_.get(name, UNKNOWN) is None:
            return f"nothing, for `{name}`."
        return f"{f'`{name}`: ' if name else ''}{without_value(found[0].detail) or found[0].summary}"

    def _scope(self, verb: Verb, step: Step, before: Fields | None, changed: Fields | None = None) -> Scope:
        return Scope(
            arguments=step.with_,
            parameters=self.names.target(step.target, verb),
            integers=verb.record.address.integers,
            before=before or {},
            changed=changed or {},
        )


def _ready(verb: Verb, before: Fields | None, after: Fields | None, address: str) -> None:
    """Raise Rejected for a record that is not what the verb begins with, unless nothing would change."""
    if before is None or (after is not None and same(before, after)):
        return
    for name, wanted in verb.from_.items():
        value = before.get(name)
        if not has_unknown(value) and not same(value, wanted):
            said = encoded(wanted).decode()
            raise Rejected(
                "Record not ready for this", f"{verb.name} takes what has {name}: {said}; {address} has not."
            )


def _to_be_written(verb: Verb, record: Fields) -> Fields:
    """Return what ``verb`` must be given to make ``record`` again: not what comes by itself and it does not take."""
    taken = {*verb.sets, *verb.arguments}
    fields = verb.record.fields
    return {
        name: value for name, value in record.items()
        if name in taken or name not in fields or not (
            fields[name].volatile
            or (verb.doing is Doing.CREATE and same(value, fields[name].defaults.get("initial", UNKNOWN)))
        )
    }


def _merged(template: Mapping[str, Any], scope: Scope) -> Fields:
    """Return the arguments of an inverse."""
    return cast(Fields, evaluate(template, scope))
