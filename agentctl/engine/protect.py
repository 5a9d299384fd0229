"""Values that may not stand in clear, replaced by commitments; what they were goes where it is encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import is_
from typing import TYPE_CHECKING, Any

from agentctl.engine.ports import Commitments
from agentctl.facts import dataclass, field, replace
from agentctl.model.action import ActionSpec
from agentctl.model.canonical import canonical
from agentctl.model.change import Change, RecordChange
from agentctl.model.plan import Argument, Plan, Reference, Step, argument_from_wire, argument_to_wire
from agentctl.model.snapshot import Address
from agentctl.model.values import CONCEALED, Fields, Hidden, Unknown, Value, to_wire

if TYPE_CHECKING:
    from agentctl.engine.masking import Mask

_IN_CLEAR = 1024        # bytes of canonical JSON a trace line may hold of one value


@dataclass(slots=True)
class Protector:
    """Replaces what ``spec`` calls sensitive or sealed, and with ``large`` whatever is over 1 KiB.

    What holds a secret that ``mask`` knows is concealed: a system may show it where nobody said that it would. So is
    what was ``concealed`` before, by commitment. ``values`` collects what was replaced: commitment to wire form.
    """

    commitments: Commitments
    large: bool = False
    mask: Mask | None = None
    concealed: frozenset[str] = frozenset()
    values: dict[str, Any] = field(default_factory=dict)

    def change(self, change: Change, spec: ActionSpec, conceal: frozenset[str] = frozenset()) -> Change:
        """Return ``change`` with every value hidden that may not stand in clear. ``conceal`` names fields of it."""
        if self._shows_all(spec, conceal):
            return change
        address = address_of(change)
        inverse = change.inverse
        if inverse.step is not None:
            step = self.step(inverse.step, spec, address, conceal)
            inverse = inverse if step is inverse.step else replace(inverse, step=step)
        arguments = self._mapping(change.arguments, _names(spec), address, conceal)
        records = tuple(self._record(record, spec, conceal) for record in change.records)
        receipt = self.fields(address, change.receipt, spec, conceal) if change.receipt else change.receipt
        kept = (arguments is change.arguments, inverse is change.inverse, receipt is change.receipt)
        if all(kept) and all(map(is_, records, change.records)):
            return change       # as most are: nothing in it is to be hidden
        return replace(change, arguments=arguments, records=records, inverse=inverse, receipt=receipt or {})

    def _record(self, record: RecordChange, spec: ActionSpec, conceal: frozenset[str]) -> RecordChange:
        before = self.fields(record.address, record.before, spec, conceal)
        after = self.fields(record.address, record.after, spec, conceal)
        if before is record.before and after is record.after:
            return record
        return RecordChange(address=record.address, before=before, after=after)

    def step(
        self, step: Step, spec: ActionSpec, address: Address, conceal: frozenset[str] = frozenset()
    ) -> Step:
        """Return a step (of a plan, or an inverse) whose change is at ``address``, its arguments hidden likewise."""
        if self._shows_all(spec, conceal):
            return step
        return _with(step, self._mapping(step.with_, _names(spec), address, conceal))

    def large_arguments(self, step: Step, address: Address) -> Step:
        """Return a step whose sensitive arguments are hidden already, with its large ones hidden too."""
        return _with(step, self._mapping(step.with_, frozenset(), address, frozenset()))

    def fields(
        self, address: Address, fields: Fields | None, spec: ActionSpec, conceal: frozenset[str] = frozenset()
    ) -> Fields | None:
        """Return a record's fields, each hidden where it must be."""
        if fields is None:
            return None
        names = _names(spec)
        shown = {name: self._field(address, name, value, names, conceal) for name, value in fields.items()}
        return fields if _is_as(shown, fields) else shown

    def _shows_all(self, spec: ActionSpec, conceal: frozenset[str]) -> bool:
        return not (self.large or self.concealed or conceal or spec.sensitive or spec.sealed)

    def _field(
        self, address: Address, name: str, value: Value, names: frozenset[str], conceal: frozenset[str]
    ) -> Value:
        if isinstance(value, Unknown | Hidden):
            return value
        if self._is_secret(address, name, value, conceal):
            return self._hide(address, name, to_wire(value), CONCEALED)
        if name in names:
            return self._hide(address, name, to_wire(value))
        return self._hide_large(address, name, value)  # type: ignore[return-value]  # a record holds no references

    def _mapping(
        self, arguments: Mapping[str, Argument], names: frozenset[str], address: Address, conceal: frozenset[str]
    ) -> Mapping[str, Argument]:
        shown = {
            name: self._argument(address, name, argument, names, conceal) for name, argument in arguments.items()
        }
        return arguments if _is_as(shown, arguments) else shown

    def _argument(
        self, address: Address, name: str, argument: Argument, names: frozenset[str], conceal: frozenset[str]
    ) -> Argument:
        """A sensitive field is hidden at any depth: ``{set: {ssn: …}}`` as well as ``{ssn: …}``."""
        if isinstance(argument, Unknown | Hidden | Reference):
            return argument
        if self._is_secret(address, name, argument, conceal):
            return self._hide(address, name, argument_to_wire(argument), CONCEALED)
        if name in names:
            return self._hide(address, name, argument_to_wire(argument))
        if isinstance(argument, Mapping):
            return self._hide_large(address, name, self._mapping(argument, names, address, conceal))
        if isinstance(argument, list | tuple):
            items = [self._argument(address, name, item, names, conceal) for item in argument]
            return self._hide_large(address, name, items)
        return self._hide_large(address, name, argument)

    def _hide_large(self, address: Address, name: str, value: Argument) -> Argument:
        if not self.large or isinstance(value, int | None | Unknown | Hidden | Reference):
            return value
        if isinstance(value, str | bytes) and len(value) * 4 <= _IN_CLEAR:
            return value
        if _at_most(value) <= _IN_CLEAR:
            return value
        wire = argument_to_wire(value)
        return value if len(canonical(wire)) <= _IN_CLEAR else self._hide(address, name, wire)

    def _is_secret(self, address: Address, name: str, value: Argument, conceal: frozenset[str]) -> bool:
        if value is not None and name in conceal:
            return True
        if self.mask is not None and self.mask.holds(value):
            return True
        if not self.concealed:
            return False
        return CONCEALED + self.commitments.commit(address, name, argument_to_wire(value)) in self.concealed

    def _hide(self, address: Address, path: str, wire: Any, how: str = "") -> Hidden:
        commitment = how + self.commitments.commit(address, path, wire)
        self.values[commitment] = wire
        return Hidden(commitment)


def _at_most(value: Argument) -> int:
    """Return what the canonical JSON of ``value`` is not longer than, without making it."""
    match value:
        case str():
            return 6 * len(value) + 2
        case None | bool():
            return 5
        case int():
            return value.bit_length() // 3 + 16
        case Hidden():
            return 6 * len(value.commitment) + 16
        case dict():
            return 16 + sum(6 * len(name) + 4 + _at_most(inner) for name, inner in value.items())
        case list() | tuple():
            return 2 + sum(1 + _at_most(inner) for inner in value)
    return _IN_CLEAR + 1        # how long only making it would tell


def concealed(hidden: Iterable[str]) -> frozenset[str]:
    """Return those of ``hidden`` commitments whose values nobody is shown."""
    return frozenset(commitment for commitment in hidden if commitment.startswith(CONCEALED))


def _with(step: Step, arguments: Mapping[str, Argument]) -> Step:
    return step if arguments is step.with_ else replace(step, with_=arguments)


def _is_as(shown: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether nothing was hidden: what is ``shown`` of each name is what was ``given``, and no copy of it."""
    return all(map(is_, shown.values(), given.values()))


def _names(spec: ActionSpec) -> frozenset[str]:
    return spec.sensitive | spec.sealed


def address_of(change: Change) -> Address:
    """Return the address a change's arguments are committed under: its first record's."""
    return change.records[0].address if change.records else Address(f"{change.instance}/{change.target}")


def reveal(argument: Argument, values: Mapping[str, Any]) -> Argument:
    """Return ``argument`` with every Hidden value that ``values`` knows put back."""
    match argument:
        case Hidden() if argument.commitment in values:
            return reveal(argument_from_wire(values[argument.commitment]), values)
        case Mapping():
            return {key: reveal(inner, values) for key, inner in argument.items()}
        case list() | tuple():
            return [reveal(inner, values) for inner in argument]
    return argument


def reveal_step(step: Step, values: Mapping[str, Any]) -> Step:
    return replace(step, with_={name: reveal(argument, values) for name, argument in step.with_.items()})


def agents_values(plan: Plan, hidden: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the ``hidden`` values that its agent wrote into ``plan`` before people edited it."""
    wrote = plan.edited.steps.values() if plan.edited else ()
    return {
        commitment: hidden[commitment]
        for step in wrote for argument in step.with_.values() for commitment in commitments(argument)
        if commitment in hidden
    }


def commitments(argument: Argument) -> Iterator[str]:
    """Yield the commitment of every hidden value in ``argument``."""
    match argument:
        case Hidden():
            yield argument.commitment
        case Mapping():
            for inner in argument.values():
                yield from commitments(inner)
        case list() | tuple():
            for inner in argument:
                yield from commitments(inner)


def reveal_plan(plan: Plan, values: Mapping[str, Any]) -> Plan:
    """Return ``plan``, and what the agent wrote of it where people edited it, with hidden values put back."""
    edited = plan.edited
    if edited is not None:
        edited = replace(edited, steps={name: reveal_step(step, values) for name, step in edited.steps.items()})
    return replace(plan, steps=tuple(reveal_step(step, values) for step in plan.steps), edited=edited)


def reveal_fields(fields: Fields | None, values: Mapping[str, Any]) -> Fields | None:
    return None if fields is None else {name: reveal(value, values) for name, value in fields.items()}  # type: ignore[misc]  # a record holds no references


def reveal_change(change: Change, values: Mapping[str, Any]) -> Change:
    """Return ``change`` with its hidden values put back as far as ``values`` knows them."""
    inverse = change.inverse
    if inverse.step is not None:
        inverse = replace(inverse, step=reveal_step(inverse.step, values))
    return replace(
        change,
        arguments={name: reveal(argument, values) for name, argument in change.arguments.items()},
        records=tuple(
            replace(
                record, before=reveal_fields(record.before, values), after=reveal_fields(record.after, values)
            )
            for record in change.records
        ),
        inverse=inverse,
    )
