"""What commands declare of their arguments and options; how a command line is read lives elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin

from agentctl.facts import dataclass

Command = Callable[..., int | None]
"""A function of what was typed, and of the ``session`` where it takes one. Returns an exit code, or None for 0."""
Group = Mapping[str, Command]
Offer = Literal[
    "addresses", "baselines", "connectors", "formats", "plans", "runs", "steps", "steps of the plan", "subjects"
]
REQUIRED: Any = object()


@dataclass(frozen=True, kw_only=True)
class Argument:
    """What stands for itself on the command line."""

    metavar: str
    help: str
    offers: Offer | None = None
    show_default: bool = True


@dataclass(frozen=True, kw_only=True)
class Option:
    """What is typed after its name; ``least`` is the smallest number it takes."""

    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    offers: Offer | None = None
    least: int | None = None
    show_default: bool = True


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a command's function: ``hint`` is its type as written, ``one`` that of a single value."""

    name: str
    hint: Any
    one: type
    many: bool
    default: Any
    said: Argument | Option


def argument(metavar: str, help: str, *, offers: Offer | None = None, show_default: bool = True) -> Argument:
    """Declare an argument; ``offers`` is what a shell completes it to."""
    return Argument(metavar=metavar, help=help, offers=offers, show_default=show_default)


def option(
    *names: str,
    help: str,
    metavar: str | None = None,
    offers: Offer | None = None,
    least: int | None = None,
    show_default: bool = True,
) -> Option:
    """Declare an option called ``names``, the first of which is the long one."""
    return Option(names=names, help=help, metavar=metavar, offers=offers, least=least, show_default=show_default)


def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return what ``function`` declares, in order, its session left out."""
    names, given = parameter_names(function), function.__defaults__ or ()
    defaults = dict(zip(names[len(names) - len(given):], given, strict=True))
    return tuple(
        _parameter(name, _written(function, name), defaults.get(name, REQUIRED)) for name in names if name != "session"
    )


def parameter_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of all parameters of ``function``."""
    code = function.__code__
    return code.co_varnames[:code.co_argcount]


def _written(function: Callable[..., Any], name: str) -> Any:
    """Return the annotation of one parameter; ``typing`` has Python make the classes of its syntax tree for that."""
    return eval(function.__annotations__[name], function.__globals__)  # noqa: S307  # our own source, as typing does


def _parameter(name: str, declared: Any, default: Any) -> Parameter:
    hint, said = get_args(declared)
    many = next((each for each in (hint, *get_args(hint)) if get_origin(each) is list), None)
    one = get_args(many or hint) or (hint,)
    return Parameter(name=name, hint=hint, one=one[0], many=many is not None, default=default, said=said)
