"""What plain conditions look at, told without compiling them: facts compared with texts and numbers, and no more.

Most conditions are of this kind, and most steps ask none of them, while the compiler takes as long to load as a small
plan takes to be judged. It says what it knows is valid; whatever else there is, and every fault, is the compiler's.
"""

from __future__ import annotations

import re
from functools import cache

from agentctl.policy.uses import FIELDED, Uses, looks_at

_TEXTS = ("target", "effect", "agent", "tenant", "environment", "purpose")
_MOST, _DEEPEST = 16, 8     # comparisons in one condition, names in one path: the compiler refuses what is too deep

_NO_NAMES = (
    "as|break|const|continue|else|false|for|function|if|import|in|let|loop|namespace|null|package|return|true|var|void|"
    "while"
)
_NAME = rf"(?!(?:{_NO_NAMES})\b)[A-Za-z_][A-Za-z0-9_]*"
_QUOTED = r"""(?:"[^"\\\x00-\x1f\x7f-\U0010ffff]*"|'[^'\\\x00-\x1f\x7f-\U0010ffff]*')"""
_PLAIN = rf"(?:{_QUOTED}|-?(?:0|[1-9][0-9]{{0,14}})(?![0-9A-Za-z_.]))"
_FIELD = rf"(?P<fact>{'|'.join(sorted(FIELDED))})\.(?P<field>{_NAME})(?:\.{_NAME}){{0,{_DEEPEST}}}"
_ONE = (
    rf"(?:{_FIELD} *(?:(?:==|!=) *(?:{_PLAIN}|(?:true|false)\b)|(?:<=|>=|<|>) *{_PLAIN}"
    rf"|in *\[ *{_PLAIN}(?: *, *{_PLAIN})* *\])"
    rf"|(?P<text>{'|'.join(_TEXTS)}) *(?:(?:==|!=) *{_QUOTED}|in *\[ *{_QUOTED}(?: *, *{_QUOTED})* *\])"
    rf"|!?has\((?P<tested>{'|'.join(sorted(FIELDED))})\.(?P<asked>{_NAME})\))"
)


def looked_at(source: str) -> Uses | None:
    """Return what a condition looks at that is true or false and valid for certain; None where that can't be told."""
    one = _one()
    facts: set[str] = set()
    fields: set[tuple[str, str]] = set()
    tests: set[tuple[str, str]] = set()
    at = 0
    for _ in range(_MOST):
        found = one.match(source, at)
        if found is None:
            return None
        fact, field, text, tested, asked = found.group("fact", "field", "text", "tested", "asked")
        facts.add(fact or text or tested)
        if fact:
            fields.add((fact, field))
        elif tested:
            tests.add((tested, asked))
        at = found.end()
        if at == len(source):
            return looks_at(facts, fields, tests, set())
    return None


@cache
def _one() -> re.Pattern[str]:
    """One comparison and what joins it to the next, or the end of all."""
    return re.compile(rf"[ \n]*{_ONE}[ \n]*(?:(?:&&|\|\|)(?=.)|\Z)", re.DOTALL)
