"""Judges one step's arguments and references by the ActionSpecs: names, types, secrets, and what references reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.plan import Argument, Format, From, Secret, argument_to_wire
from agentctl.planfile.codes import Code
from agentctl.planfile.fields import SCALARS, arguments_at, fields_at, kinds, names_at
from agentctl.planfile.findings import Findings
from agentctl.planfile.references import Found, Reading
from agentctl.syntax.codes import Code as SyntaxCode
from agentctl.syntax.document import Pointer
from agentctl.syntax.problem import Problem
from agentctl.syntax.schema import is_small, problems
from agentctl.syntax.suggest import did_you_mean

_NOUNS: Final = {
    "string": "text", "integer": "a whole number", "decimal": "a decimal", "boolean": "true or false",
    "array": "a list", "object": "a mapping", "time": "a time", "date": "a date",
}
_TEXT: Final = frozenset({"string"})
# What a mapping's or list's own shape must be, whatever a reference inside it becomes.
_WHATEVER_IT_BECOMES: Final = frozenset({
    "required", "additionalProperties", "propertyNames", "type",
    "minItems", "maxItems", "minProperties", "maxProperties",
})


def judge(
    spec: ActionSpec,
    wire: Any,
    arguments: Mapping[str, Argument],
    reading: Reading,
    pointer: Pointer,
    secrets: frozenset[str] | None = None,
) -> None:
    """Add what is wrong with the arguments of one step, which stand at ``pointer`` as ``wire``.

    ``secrets`` are the names there are, where that is known.
    """
    findings = reading.findings
    for name in sorted(spec.secret & arguments.keys()) if spec.secret else ():
        if not isinstance(arguments[name], Secret):
            _refuse_literal_secret(findings, name, (*pointer, name))
    for found in reading.references:
        _judge_secret(spec, found, pointer, findings)
        if isinstance(found.reference, Secret) and secrets is not None and found.reference.name not in secrets:
            _refuse_unknown_secret(found.reference.name, secrets, (*found.pointer, "$secret"), findings)
    whole = _wire(arguments) if reading.tagged else wire
    wrong = problems(spec.arguments, whole)
    if not wrong:
        return
    # Of a huge value only the first problem is told: excusing that one would excuse all behind it.
    unknown = _Unknown(reading.references if is_small(whole) else [], pointer)
    for problem in wrong:
        if problem.pointer[:1] and problem.pointer[0] in spec.secret and problem.code != SyntaxCode.UNKNOWN_KEY:
            continue
        if not unknown.may_excuse(problem):
            findings.add([_as_argument(problem)], pointer)


def judge_source(
    found: Found, source: ActionSpec | None, spec: ActionSpec | None, pointer: Pointer, findings: Findings
) -> None:
    """Add what is wrong with a reference to a record of an earlier step, whose ActionSpec is ``source``.

    ``spec`` is that of the step the reference stands in, whose arguments begin at ``pointer``.
    """
    reference = found.reference
    if not isinstance(reference, From) or reference.part != "after" or source is None:
        return
    path = reference.path
    if path[0] in source.sensitive:
        detail = f"`{path[0]}` of {reference.step} is never shown, and would be here."
        findings.error(Code.SENSITIVE_FIELD, "Sensitive field referenced", detail, found.pointer)
        return
    if path[0] in source.sealed and not _keeps_sealed(spec, found, pointer):
        detail = f"`{path[0]}` of {reference.step} is kept only in packs, and would stand in clear here."
        findings.error(Code.SENSITIVE_FIELD, "Sealed field referenced", detail, found.pointer)
        return
    schemas = fields_at(source.record, path)
    if not schemas:
        _refuse_field(source, reference, found.pointer, findings)
        return
    brings = kinds(schemas)
    takes = SCALARS if found.inside else _taken(spec, found, pointer)
    if brings is not None and takes is not None and not (brings - {"null"}) & takes:
        detail = f"`{reference}` brings {_words(brings)}; {_words(takes)} is needed here."
        hint = 'To make a text of it, use {$format: "{value}", value: {$from: …}}.' if takes == _TEXT else ""
        findings.error(Code.REFERENCE_TYPE, "Reference of the wrong type", detail, found.pointer, hint=hint)


def _keeps_sealed(spec: ActionSpec | None, found: Found, pointer: Pointer) -> bool:
    """Whether the argument a reference stands in is one whose value is hidden as well."""
    return spec is not None and found.pointer[len(pointer)] in spec.sealed | spec.sensitive


def _refuse_field(source: ActionSpec, reference: From, pointer: Pointer, findings: Findings) -> None:
    path = reference.path
    depth = next(depth for depth in range(len(path)) if not fields_at(source.record, path[: depth + 1]))
    known = names_at(source.record, path[:depth])
    listed = f" There are: {', '.join(known[:20])}." if known else ""
    where = f" in `{'.'.join(path[:depth])}`" if depth else ""
    detail = f"The record of step `{reference.step}` has no `{path[depth]}`{where}.{listed}"
    findings.error(Code.UNKNOWN_FIELD, "Unknown field", detail, pointer, hint=did_you_mean(path[depth], known))


def _taken(spec: ActionSpec | None, found: Found, pointer: Pointer) -> frozenset[str] | None:
    if spec is None:
        return None
    inside = _logical(found.pointer[len(pointer) :])
    return kinds(arguments_at(spec.arguments, inside))


def _judge_secret(spec: ActionSpec, found: Found, pointer: Pointer, findings: Findings) -> None:
    inside = found.pointer[len(pointer) :]
    is_secret = inside[:1] and inside[0] in spec.secret
    if isinstance(found.reference, Secret) and not (len(inside) == 1 and is_secret):
        where = f" It takes them as: {', '.join(sorted(spec.secret))}." if spec.secret else ""
        detail = f"{spec.verb} takes no secret here, and what it is given here is recorded.{where}"
        findings.error(Code.SECRET_NOT_ALLOWED, "Secret not allowed here", detail, found.pointer)
    elif isinstance(found.reference, Format) and not is_secret:
        takes = kinds(arguments_at(spec.arguments, _logical(inside)))
        if takes is not None and "string" not in takes:
            detail = f"`$format` makes a text; {_words(takes)} is needed here."
            findings.error(Code.REFERENCE_TYPE, "Reference of the wrong type", detail, found.pointer)


def _refuse_unknown_secret(name: str, known: frozenset[str], pointer: Pointer, findings: Findings) -> None:
    listed = f"Its `secrets` are: {', '.join(sorted(known)[:20])}." if known else "It has no `secrets`."
    detail = f"agentctl.yaml does not say where `{name}` is. {listed}"
    hint = did_you_mean(name, known) or f"Say there where it is, as in secrets: {{{name}: {{env: VARIABLE}}}}"
    findings.error(Code.UNKNOWN_SECRET, "Unknown secret", detail, pointer, hint=hint)


def _refuse_literal_secret(findings: Findings, name: str, pointer: Pointer) -> None:
    detail = f"`{name}` is secret and is given by name only; a value in a plan is in every copy of it."
    hint = f"Write {name}: {{$secret: NAME}}; and if what stood here was real, change it."
    findings.error_unquoted(Code.SECRET_REQUIRED, "Secret must be given by name", detail, pointer, hint=hint)


class _Unknown:
    """Where among the arguments references stand. Sets, because an author may write a million of them."""

    __slots__ = ("_above", "_at")

    def __init__(self, references: list[Found], pointer: Pointer) -> None:
        self._at = {_logical(found.pointer[len(pointer) :]) for found in references}
        self._above = {at[:depth] for at in self._at for depth in range(len(at) + 1)}

    def may_excuse(self, problem: Problem) -> bool:
        """Whether what a schema complains of may be only that a reference is not yet the value it will be."""
        if not self._at:
            return False
        at = _logical(problem.pointer)
        if any(at[:depth] in self._at for depth in range(len(at) + 1)):
            return True
        if problem.within is not None and _logical(problem.within) in self._above:
            return True
        return at in self._above and problem.keyword not in _WHATEVER_IT_BECOMES


def _as_argument(problem: Problem) -> Problem:
    if len(problem.pointer) > 1:
        return problem
    match problem.code:
        case SyntaxCode.UNKNOWN_KEY if problem.keyword == "additionalProperties":
            return replace(problem, code=Code.UNKNOWN_ARGUMENT, summary="Unknown argument")
        case SyntaxCode.MISSING_KEY if not problem.pointer:
            return replace(problem, code=Code.MISSING_ARGUMENT, summary="Missing argument")
        case SyntaxCode.WRONG_LENGTH if not problem.pointer:
            detail = problem.detail.replace("key", "argument")
            return replace(problem, summary="Wrong number of arguments", detail=detail)
    return problem


def _wire(arguments: Mapping[str, Argument]) -> dict[str, Any]:
    return {name: argument_to_wire(argument) for name, argument in arguments.items()}


def _logical(pointer: Pointer) -> Pointer:
    return tuple(part for part in pointer if part != "$literal")


def _words(some: frozenset[str]) -> str:
    return " or ".join(sorted(_NOUNS.get(kind, kind) for kind in some))
