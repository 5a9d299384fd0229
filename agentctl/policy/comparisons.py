"""What plain conditions look at, told without compiling them: facts compared with texts and numbers, and no more.

Most conditions are of this kind, and most steps ask none of them, while the compiler takes as long to load as a small
plan takes to be judged. It says what it knows is valid; whatever else there is, and every fault, is the compiler's.
"""

from __future__ import annotations

import re

from agentctl.patterns import regex
from agentctl.policy.uses import FIELDED, Uses, looks_at

_TEXTS = frozenset({"target", "effect", "agent", "tenant", "environment", "purpose"})
_MOST, _DEEPEST = 16, 8     # comparisons in one condition, names in one path: the compiler refuses what is too deep
_NO_NAMES = frozenset(
    {
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
        "namespace", "null", "package", "return", "true", "var", "void", "while",
    }
)

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_LITERAL = r"""(?:"[ !#-\[\]-~]*"|'[ -&(-\[\]-~]*'|-?(?:0|[1-9][0-9]{0,14})(?![\w.])|(?:true|false)\b)"""
_COMPARED = rf"([a-z]+)((?:\.{_NAME})*) *(==|!=|[<>]=?|(?<!\w)in) *({_LITERAL}|\[)"
_TESTED = rf"!?has\(([a-z]+)\.({_NAME})\)"
_ONE = regex(rf"[ \n]*(?:{_COMPARED}|{_TESTED})", re.ASCII)
_LISTED = regex(rf" *{_LITERAL}(?: *, *{_LITERAL})* *\]", re.ASCII)
_JOINTS = ("&&", "||")
_BLANKS = " \n"


def looked_at(source: str) -> Uses | None:
    """Return what a condition looks at that is true or false and valid for certain; None where that can't be told."""
    facts: set[str] = set()
    fields: set[tuple[str, str]] = set()
    tests: set[tuple[str, str]] = set()
    at = 0
    for _ in range(_MOST):
        found = _ONE.match(source, at)
        if found is None:
            return None
        fact, path, operator, literal, tested, asked = found.groups()
        at = found.end()
        if tested:
            if tested not in FIELDED or asked in _NO_NAMES:
                return None
            tests.add((tested, asked))
        elif not _is_told(literal, operator):
            return None
        elif path:
            names = path[1:].split(".")
            if fact not in FIELDED or len(names) > _DEEPEST or not _NO_NAMES.isdisjoint(names):
                return None
            fields.add((fact, names[0]))
        elif fact not in _TEXTS or literal[0] not in "\"'":
            return None
        facts.add(tested or fact)
        if literal == "[":
            if (listed := _LISTED.match(source, at)) is None:
                return None
            at = listed.end()
        while at < len(source) and source[at] in _BLANKS:
            at += 1
        if at == len(source):
            return looks_at(facts, fields, tests, set())
        if not source.startswith(_JOINTS, at):
            return None
        at += 2
    return None


def _is_told(literal: str, operator: str) -> bool:
    """Whether ``operator`` takes ``literal``: only ``in`` takes a list, and truths have no order."""
    if literal[0] == "[":
        return operator == "in"
    return operator in ("==", "!=") or (operator != "in" and literal not in ("true", "false"))
