"""Judges values by JSON Schema, offline. The words of its answers are made in ``explain``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from itertools import islice
from typing import Any, Final, Protocol

from agentctl.errors import Invalid
from agentctl.model.diagnostic import Diagnostic
from agentctl.resources import schema as load_schema
from agentctl.syntax.acceptance import acceptance
from agentctl.syntax.codes import Code
from agentctl.syntax.document import MOST_PROBLEMS, Document, Pointer
from agentctl.syntax.problem import Problem

VALUES: Final = "urn:agentctl:values"
"""Where argument and record schemas find decimal, int, bytes, time, date and value: ``VALUES#/$defs/decimal``."""

_KEPT = 1024
_LOOKED_AT = 15_000     # parts of values, by one schema: as long as it takes to load the library
_SMALL = 100_000
_MOST = 2 * MOST_PROBLEMS


class Validator(Protocol):
    """What a compiled schema can do."""

    def is_valid(self, instance: Any) -> bool: ...

    def validate(self, instance: Any) -> None: ...

    def iter_errors(self, instance: Any) -> Iterable[Any]: ...


def check(
    document: Document, schema: Mapping[str, Any], pointer: Pointer = (), *, ours: bool = False
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the part of ``document`` at ``pointer``, in the order of the text."""
    node = document.value
    for part in pointer:
        node = node[part]
    found = problems(schema, document.wire(node), ours=ours)
    return tuple(diagnostics(document, pointer, found))


def problems(schema: Mapping[str, Any], wire: Any, *, ours: bool = False) -> tuple[Problem, ...]:
    """Return what is wrong with ``wire``, a value in JSON form; of a huge value only the first thing.

    ``ours`` says that the schema is one of agentctl's own, whose patterns need not be guarded against. The same schema
    object is made ready once. Raises Invalid where the schema itself is broken.
    """
    judge = _judge(schema, ours=ours)
    try:
        if judge.is_valid(wire):
            return ()
        from agentctl.syntax.explain import explain

        # An author can break a rule once a byte; nobody reads more than the first.
        return tuple(islice(explain(schema, wire, _errors(judge.library, wire), values()), _MOST))
    except UnicodeEncodeError:
        detail = "A text in it holds a lone surrogate."
        return (Problem(pointer=(), code=Code.NOT_ACCEPTED, summary="Value not accepted", detail=detail),)


def diagnostics(document: Document, pointer: Pointer, found: tuple[Problem, ...]) -> list[Diagnostic]:
    """Return ``found``, which are about the node at ``pointer``, with their places in the text, in its order."""
    placed = [(problem, document.existing((*pointer, *problem.pointer))) for problem in found]
    placed.sort(key=lambda pair: document.offset(pair[1], key=pair[0].at_key))
    return [
        document.diagnostic(problem.code, problem.summary, problem.detail, problem.hint, place, key=problem.at_key)
        for problem, place in placed
    ]


def is_small(wire: Any) -> bool:
    """Whether ``problems`` would tell everything that is wrong with ``wire``, not the first thing only."""
    left = _SMALL
    waiting = [wire]
    while waiting and left > 0:
        node = waiting.pop()
        left -= 1
        if isinstance(node, dict | list):
            left -= len(node)
            if left > 0:
                waiting.extend(node.values() if isinstance(node, dict) else node)
    return left > 0


def compiled(schema: Mapping[str, Any]) -> Validator:
    """Return ``schema`` as the library has it. Raises Invalid where it is broken."""
    return _judge(schema, ours=False).library


def is_valid(schema: Mapping[str, Any], wire: Any, *, ours: bool = False) -> bool:
    """Return whether ``problems`` would find none; raises what it raises, and for a text that is none."""
    return _judge(schema, ours=ours).is_valid(wire)


@cache
def values() -> dict[str, Any]:
    """Return the shared definitions of values."""
    return load_schema("values")


def _errors(judge: Validator, wire: Any) -> Iterable[Any]:
    """Return what the validator found. It finds everything before it tells anything, at 30 µs and a kilobyte each."""
    if is_small(wire):
        return judge.iter_errors(wire)
    import jsonschema_rs

    try:
        judge.validate(wire)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


class _Judge:
    """Judges by one schema: a few values by looking, many by the library, which is quicker by the value.

    Values of one schema are about as large as the first of them.
    """

    def __init__(self, schema: Mapping[str, Any], *, ours: bool) -> None:
        self._schema = schema
        self._left = _LOOKED_AT
        self._size = 0
        self._accepts = acceptance(schema, {VALUES: values()}, ours=ours)

    def is_valid(self, wire: Any) -> bool:
        if self._left > 0:
            self._size = self._size or _size(wire)
            self._left -= self._size
            if self._accepts(wire):
                return True
            self._left = 0
        return self.library.is_valid(wire)

    @cached_property
    def library(self) -> Validator:
        return _compile(self._schema)


def _size(wire: Any) -> int:
    """Return of how many parts a value is."""
    size, waiting = 0, [wire]
    while waiting:
        node = waiting.pop()
        size += 1
        if isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)
    return size


_judges: dict[tuple[int, bool], _Judge] = {}


def _judge(schema: Mapping[str, Any], *, ours: bool) -> _Judge:
    # By identity, which is not given to another mapping: the judge keeps this one alive.
    found = _judges.get((id(schema), ours))
    if found is None:
        if len(_judges) >= _KEPT:
            _judges.clear()
        found = _judges[(id(schema), ours)] = _Judge(schema, ours=ours)
    return found


def _compile(schema: Mapping[str, Any]) -> Validator:
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(
            _plain(schema),
            registry=_registry(),
            offline=True,
            # The engine whose time is linear in the text: patterns and texts come from strangers.
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise Invalid("Schema not valid", f"{error.message}.") from error


@cache
def _registry() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Registry([(VALUES, values())])


def _plain(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {key: _plain(item) for key, item in schema.items()}
    if isinstance(schema, list | tuple):
        return [_plain(item) for item in schema]
    return schema
