"""How a command explains itself: prose, examples as they are typed, exit codes. What it does is not said here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from click import Argument, Command, Context, Group, HelpFormatter, Option

from agentctl.cli.declared import parameters
from agentctl.errors import Exit

MEANINGS: Mapping[Exit, str] = {
    Exit.OK: "done, or nothing to do",
    Exit.UNEXPECTED: "a bug in agentctl; a report is written down",
    Exit.CHANGES: "there are changes, or drift (only with --detailed-exitcode)",
    Exit.INVALID: "a plan, policy or workspace file is not valid",
    Exit.REFUSED: "policy refuses, it is halted, or a check of policy failed",
    Exit.CONSENT: "consent is missing, or was not given",
    Exit.STALE: "the world, the plan or the policy moved since it was reviewed",
    Exit.INCOMPLETE: "an effect began, and not all is done or certain",
    Exit.LOCKED: "somebody else is applying",
    Exit.INTEGRITY: "a kept record fails its check",
    Exit.UNREACHABLE: "a system or a file could not be reached, read or written",
    Exit.USAGE: "the command line is wrong, or selects nothing",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
    Exit.TERMINATED: "asked to end by SIGTERM",
}
_STATEMENTS = frozenset({
    "auto_approve", "allow_widening", "happened", "did_not", "skip", "reason", "override", "withdraw", "drop", "with_",
    "compromised", "replace",
})
_NEVER_SET = frozenset({"version", "install_completion", "show_completion", "help"})
_AS_IT_STANDS = "\b\n"      # click's mark for a paragraph whose lines are kept


def explained(command: Command, path: str, function: Callable[..., Any] | None) -> Command:
    """Return ``command``, called as ``path``, with help that shows its examples and how to set its options.

    ``function`` declares what it takes; a group has none.

    What a person states (consent, what became of a step, why) can only be said on the command line: such options
    have no twin in the environment.
    """
    command.help = "\n\n".join(_paragraphs(command.help or ""))
    setattr(command, "format_arguments", _nothing)  # noqa: B010  # typer lists them with its options already
    said = {one.name: one.said.help for one in parameters(function)} if function else {}
    for parameter in command.params:
        if isinstance(parameter, Option):
            parameter.show_envvar = False
            parameter.allow_from_autoenv = parameter.name not in _STATEMENTS | _NEVER_SET
        elif isinstance(parameter, Argument):
            parameter.help = said[parameter.name or ""]    # on its way from typer to click it is lost
    if not isinstance(command, Group) and (twin := _twin(command, path)):
        command.epilog = f"Options can be set in the environment as well: {twin}"
    return command


def exit_codes() -> str:
    """Return the exit codes and what they mean, a code a line."""
    lines = [f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()]
    return "\n".join([f"{_AS_IT_STANDS}Exit codes:", *lines])


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if all(line.strip().startswith("agentctl ") for line in paragraph.splitlines()):
            yield f"{_AS_IT_STANDS}Examples:\n" + "\n".join(f"  {line.strip()}" for line in paragraph.splitlines())
        else:
            yield paragraph


def _nothing(context: Context, formatter: HelpFormatter) -> None:  # click's hook
    """Write nothing."""


def _twin(command: Command, path: str) -> str:
    prefix = path.upper().replace(" ", "_").replace("-", "_")
    for option in command.params:
        if isinstance(option, Option) and option.allow_from_autoenv and option.name:
            return f"{prefix}_{option.name.upper()}=…"
    return ""
