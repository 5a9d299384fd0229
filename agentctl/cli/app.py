"""The commands by name: each is imported only when it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, NamedTuple

import typer
from click import Command, Context, HelpFormatter, UsageError
from typer.core import TyperGroup
from typer.main import get_command as command_of

from agentctl import __version__
from agentctl.cli.help import exit_codes, explained
from agentctl.cli.session import Session


class Entry(NamedTuple):
    """Where a command lives and what ``--help`` says of it."""

    module: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    name: Entry(f"agentctl.cli.{module or name}", summary)
    for name, module, summary in (
        ("init", "", "Make a workspace here, with its key and a first policy."),
        ("validate", "", "Check plans without touching any system."),
        ("plan", "", "Show what a plan would change, without changing it."),
        ("apply", "", "Carry out a plan, or a changeset that was reviewed."),
        ("edit", "", "Change a draft, or leave steps out, before it is sent."),
        ("approve", "", "Review a changeset and sign your consent to exactly that."),
        ("reject", "", "Say no, signed, to exactly what a changeset would do."),
        ("approvals", "", "List signed approvals."),
        ("override", "", "Let one changeset pass a soft rule, signed."),
        ("break-glass", "break_glass", "Act alone in an emergency, and owe a review."),
        ("review", "", "Look into a run under broken glass, as a second person."),
        ("show", "", "Explain a run or a changeset."),
        ("runs", "", "List runs."),
        ("stop", "", "Ask a running apply to stop."),
        ("halt", "", "Keep an agent, a connector or everything from acting."),
        ("unhalt", "", "Let what was halted act again."),
        ("resolve", "", "Say what became of a step that is in doubt."),
        ("rollback", "", "Undo a run, or some of its steps."),
        ("verify", "", "Check that the trace is whole."),
        ("gc", "", "Drop what retention no longer keeps."),
        ("hold", "", "Put a run under legal hold: nothing of it is dropped."),
        ("release", "", "Lift a legal hold."),
        ("drift", "", "Find what somebody else changed of what we wrote."),
        ("policy", "policy_commands", "Show, explain, test, check and replay policy."),
        ("state", "state_commands", "Look at the state, or rebuild it from the trace."),
        ("lock", "lock_commands", "See who holds the workspace, or break a dead lock."),
        ("clock", "clock_commands", "See whether this machine's clock is believed, or say that it is right."),
        ("connectors", "connector_commands", "List connectors and what they can do."),
        ("keygen", "", "Make an ssh key to sign approvals with."),
        ("key", "key_commands", "See, hand on, take in or replace the workspace key."),
        ("schema", "", "Print a JSON Schema."),
        ("demo", "", "Play the whole loop in a scratch workspace."),
    )
}


class LazyGroup(TyperGroup):
    """Knows every command's name and summary, and imports one only to run it."""

    def list_commands(self, ctx: Context) -> list[str]:  # the port's signature
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # the port's signature
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = command_of(import_module(entry.module).app)
        command.name = cmd_name
        return explained(command, f"agentctl {cmd_name}")

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        close = get_close_matches(name, COMMANDS, n=1)
        raise UsageError(f"There is no command `{name}`." + (f" Did you mean `{close[0]}`?" if close else ""), ctx)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # the port's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


app = typer.Typer(
    cls=LazyGroup,
    name="agentctl",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=exit_codes(),
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "AGENTCTL"},
)


def root() -> Command:
    """Return the whole command line."""
    return explained(command_of(app), "agentctl")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"agentctl {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    directory: Annotated[
        str, typer.Option("-C", metavar="DIR", help="Work as if started in DIR (AGENTCTL_DIRECTORY).")
    ] = "",
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Draw without colour (AGENTCTL_NO_COLOR, NO_COLOR).")
    ] = False,
    policy: Annotated[
        str,
        typer.Option(
            "--policy", metavar="git:REF:PATH", help="Take the policy as committed at a git ref (AGENTCTL_POLICY)."
        ),
    ] = "",
    version: Annotated[  # noqa: ARG001  # acts through its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Let agents propose, and people decide: plan, review, apply, explain, roll back.

        agentctl init
        agentctl plan plan.yaml
        agentctl apply plan.yaml
        agentctl show
        agentctl rollback latest
    """
    context.obj = Session.begin(directory, no_color=no_color, policy=policy)
