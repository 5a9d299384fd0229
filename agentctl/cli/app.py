"""The whole command line as typer reads it: every way to write it, help, completion, and what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter as Typed
from inspect import Signature
from pathlib import Path
from typing import Annotated, Any

import typer
from click import Abort, ClickException, Context, HelpFormatter, UsageError
from click import Command as ClickCommand
from click.exceptions import Exit as Answered
from click.exceptions import NoArgsIsHelpError
from typer.core import TyperGroup
from typer.main import get_command as command_of

from agentctl import __version__
from agentctl.cli.call import Call, begin
from agentctl.cli.commands import COMMANDS, command
from agentctl.cli.declared import REQUIRED, Argument, Command, Group, Offer, Parameter, parameters
from agentctl.cli.help import exit_codes, explained
from agentctl.errors import AgentctlError, Exit, Usage


def read(arguments: Sequence[str]) -> Call | Exit:
    """Return what ``arguments`` call, or the exit code where they were answered: help, a version, completion.

    Raises Usage; AgentctlError where reading failed; BrokenPipeError where nobody reads the answer any more;
    KeyboardInterrupt.
    """
    stdout = sys.stdout
    try:
        call: Call | None = root().main(list(arguments), prog_name="agentctl", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as end:
        if sys.stdout is not stdout:        # typer has put another in its place: nobody reads any more
            raise BrokenPipeError from end
        raise
    except NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)  # noqa: T201  # nothing was asked for: this is how to ask
        return Exit.USAGE
    except Abort as error:
        raise KeyboardInterrupt from error
    except Answered as answer:
        return Exit(answer.exit_code)
    except UsageError as error:
        raise _usage(error) from error
    except ClickException as error:
        raise AgentctlError("The command failed", error.format_message()) from error
    return call or Exit.OK


def root() -> ClickCommand:
    """Return the whole command line."""
    app = typer.Typer(
        cls=LazyGroup,
        name="agentctl",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        epilog=exit_codes(),
        context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "AGENTCTL"},
    )
    version = Typed("version", Typed.KEYWORD_ONLY, default=False, annotation=_VersionOption)
    app.callback()(_callback(begin, _begun, version))
    return explained(command_of(app), "agentctl", begin)


class LazyGroup(TyperGroup):
    """Knows every command's name and summary, and imports one only to read what it takes."""

    def list_commands(self, ctx: Context) -> list[str]:  # the port's signature
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> ClickCommand | None:  # the port's signature
        entry = COMMANDS.get(cmd_name)
        return _as_click(cmd_name, command(cmd_name), entry.summary) if entry else None

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, ClickCommand | None, list[str]]:
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        close = get_close_matches(name, COMMANDS, n=1)
        raise UsageError(f"There is no command `{name}`." + (f" Did you mean `{close[0]}`?" if close else ""), ctx)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # the port's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _as_click(name: str, found: Command | Group, summary: str) -> ClickCommand:
    """Return a command, or a group of them, as click knows it."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=isinstance(found, Mapping))
    if not isinstance(found, Mapping):
        app.command(name)(_callback(found, _called(found)))
        return explained(command_of(app), f"agentctl {name}", found)
    app.callback(help=summary)(lambda: None)
    for word, function in found.items():
        app.command(word)(_callback(function, _called(function)))
    group: Any = command_of(app)
    group.name = name
    for word, function in found.items():
        explained(group.commands[word], f"agentctl {name} {word}", function)
    return explained(group, f"agentctl {name}", None)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"agentctl {__version__}")
        raise typer.Exit


_VersionOption = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")]


def _begun(context: typer.Context, **start: Any) -> None:
    context.obj = {name: value for name, value in start.items() if name != "version"}


def _called(function: Command) -> Callable[..., Call]:
    def call(context: typer.Context, **values: Any) -> Call:
        return Call(command=function, start=context.obj, values=values)

    return call


def _callback(function: Callable[..., Any], answer: Callable[..., Any], *more: Typed) -> Callable[..., Any]:
    """Return ``answer`` with the signature of ``function`` in typer's words, and ``more``."""
    context = Typed("context", Typed.KEYWORD_ONLY, annotation=typer.Context)
    declared = [
        Typed(
            one.name, Typed.KEYWORD_ONLY, annotation=Annotated[one.hint, _in_typers_words(one)],
            default=Typed.empty if one.default is REQUIRED else one.default,
        )
        for one in parameters(function)
    ]

    def callback(**values: Any) -> Any:
        return answer(**values)

    callback.__doc__ = function.__doc__
    setattr(callback, "__signature__", Signature([context, *declared, *more]))  # noqa: B010  # no attribute of functions in types
    return callback


def _in_typers_words(parameter: Parameter) -> Any:
    said = parameter.said
    completion = _completion(said.offers) if said.offers else None
    if isinstance(said, Argument):
        return typer.Argument(
            metavar=said.metavar, help=said.help, show_default=said.show_default, autocompletion=completion
        )
    return typer.Option(
        *said.names, metavar=said.metavar, help=said.help, show_default=said.show_default, min=said.least,
        autocompletion=completion,
    )


def _completion(offer: Offer) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        from agentctl.cli.complete import OFFERS, SoFar

        start = Path(context.find_root().params.get("directory") or ".")
        return OFFERS[offer](SoFar(start=start, values=context.params, rest=tuple(context.args)), incomplete)

    return complete


def _usage(error: UsageError) -> AgentctlError:
    context = error.ctx
    path = context.command_path if context else "agentctl"
    return Usage("Wrong usage", error.format_message(), hint="See how it is used with:", command=f"{path} --help")
