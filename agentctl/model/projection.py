"""Which part of a change consent is about: what is stored, shown, judged and digested of its records."""

from __future__ import annotations

from operator import is_

from agentctl.facts import replace
from agentctl.model.canonical import digest
from agentctl.model.change import Change, Effect, Inverse, RecordChange, fields_to_wire
from agentctl.model.values import Fields, differing


def project(change: Change, reads: frozenset[str] | None, volatile: frozenset[str]) -> Change:
    """Return ``change`` with its records cut to what consent is about: what is stored, shown, judged and digested.

    A read brings values but consent to it is about the address, so its records are left out. Of the inverse stay its
    kind, action and target: what it puts back is the records' own ``before``.
    """
    seen = () if change.effect is Effect.READ else change.records
    records = tuple([_cut(record, reads, volatile) for record in seen])
    inverse = change.inverse
    if inverse.step is not None and inverse.step.with_:
        inverse = Inverse(kind=inverse.kind, step=replace(inverse.step, with_={}), stays=inverse.stays)
    whole = len(records) == len(change.records) and all(map(is_, records, change.records))
    if whole and inverse is change.inverse:
        return change       # what is consented to whole is not kept twice
    return replace(change, records=records, inverse=inverse)


def bound_fields(record: RecordChange, reads: frozenset[str] | None) -> frozenset[str] | None:
    """Return the top-level fields consent to ``record`` is about, or None for the whole record less volatile ones.

    ``reads`` are the fields the deciding rules read; None where that can't be told.
    """
    if reads is None or record.before is None or record.after is None:
        return None
    return reads.union(differing(record.before, record.after))


def fingerprint(change: Change) -> str:
    """Return the digest of the values a projected change's consent is about: its records' ``before``."""
    return digest([[record.address, fields_to_wire(record.before)] for record in change.records])


def _cut(record: RecordChange, reads: frozenset[str] | None, volatile: frozenset[str]) -> RecordChange:
    bound = bound_fields(record, reads)
    if bound is None and not volatile:
        return record       # as those that are made, or gone, mostly are

    def keep(fields: Fields | None) -> Fields | None:
        if fields is None or (volatile.isdisjoint(fields) if bound is None else bound.issuperset(fields)):
            return fields
        return {
            name: value for name, value in fields.items() if (name not in volatile if bound is None else name in bound)
        }

    before, after = keep(record.before), keep(record.after)
    if before is record.before and after is record.after:
        return record
    return RecordChange(address=record.address, before=before, after=after)
