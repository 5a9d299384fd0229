"""A command line as it is usually typed, read without the command-line library.

Whatever is out of the common (a mistake, a question for help, an option in the environment, a rarer way to write one)
is not read here: ``app`` reads all there is, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from agentctl.cli.call import Call, begin
from agentctl.cli.commands import COMMANDS, command
from agentctl.cli.declared import REQUIRED, Argument, Option, Parameter, parameters

_COMPLETING = "_AGENTCTL_COMPLETE"
_NOT_PLAIN: Any = object()


def read(arguments: Sequence[str], environ: Mapping[str, str]) -> Call | None:
    """Return what ``arguments`` call, or None where they are not plain: what ``app.read`` returns, or nothing."""
    if _COMPLETING in environ:
        return None
    words = list(arguments)
    start = _values(begin, words, "AGENTCTL", environ, first_only=True)
    if start is None or not words or words[0] not in COMMANDS:
        return None
    name = words.pop(0)
    found, path = command(name), f"AGENTCTL_{name}"
    if isinstance(found, Mapping):
        if not words or words[0] not in found or _set(environ, path, ()):
            return None
        name = words.pop(0)
        found, path = found[name], f"{path}_{name}"
    values = _values(found, words, path, environ)
    return None if values is None else Call(command=found, start=start, values=values)


def _values(
    function: Callable[..., Any], words: list[str], path: str, environ: Mapping[str, str], *, first_only: bool = False
) -> dict[str, Any] | None:
    """Take from ``words`` what ``function`` declares, all of it or ``first_only`` what stands before a bare word."""
    declared = parameters(function)
    if _set(environ, path, declared):
        return None
    options = {name: one for one in declared if isinstance(one.said, Option) for name in one.said.names}
    typed: dict[str, list[str]] = {}
    bare: list[str] = []
    while words and not (first_only and not words[0].startswith("-")):
        word = words.pop(0)
        if not word.startswith("-") or word == "-":
            bare.append(word)
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        option = options.get(name)
        if option is None or (option.name in typed and not option.many):
            return None
        if option.one is bool:
            if equals:
                return None
            value = "true"
        elif not equals:
            if not words or words[0].startswith("-"):
                return None
            value = words.pop(0)
        typed.setdefault(option.name, []).append(value)
    for parameter in declared:
        if isinstance(parameter.said, Argument) and bare:
            count = len(bare) if parameter.many else 1
            typed[parameter.name], bare = bare[:count], bare[count:]
    if bare:
        return None
    values = {one.name: _value(one, typed.get(one.name)) for one in declared}
    return None if any(value is _NOT_PLAIN for value in values.values()) else values


def _set(environ: Mapping[str, str], path: str, declared: Sequence[Parameter]) -> bool:
    """Whether an option of the command at ``path`` may be set in the environment."""
    prefix = path.upper().replace("-", "_")
    return any(f"{prefix}_{name.upper()}" in environ for name in ("help", *(one.name for one in declared)))


def _value(parameter: Parameter, typed: list[str] | None) -> Any:
    """Return the value of a parameter for which ``typed`` stands, ``_NOT_PLAIN`` where there is none."""
    if typed is None:
        return _NOT_PLAIN if parameter.default is REQUIRED else parameter.default
    found = [_one(parameter, text) for text in typed]
    if any(value is _NOT_PLAIN for value in found):
        return _NOT_PLAIN
    return found if parameter.many else found[0]


def _one(parameter: Parameter, text: str) -> Any:
    if not text:
        return _NOT_PLAIN
    if parameter.one is bool:
        return True
    if parameter.one in (str, Path):
        return parameter.one(text)
    if parameter.one is int:
        least = parameter.said.least if isinstance(parameter.said, Option) else None
        plain = text.isascii() and text.isdecimal() and int(text) >= (least or 0)
        return int(text) if plain else _NOT_PLAIN
    if issubclass(parameter.one, Enum):
        return next((member for member in parameter.one if member.value == text), _NOT_PLAIN)
    return _NOT_PLAIN
