"""The commands by name: each is imported only when it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from agentctl.cli.declared import Command, Group
from agentctl.facts import dataclass


@dataclass(frozen=True)
class Entry:
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


def command(name: str) -> Command | Group:
    """Import the command called ``name`` and return its function, or of a group its commands by name."""
    module = import_module(COMMANDS[name].module)
    found: Command | Group = getattr(module, "COMMANDS", None) or getattr(module, name.replace("-", "_"))
    return found
