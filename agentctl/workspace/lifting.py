"""Halts lifted by a person: whoever policy lets, by login name or by signature, and recorded as it was."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from agentctl.errors import Refused, Usage
from agentctl.facts import dataclass
from agentctl.model.halt import Halt, Scope, scope_to_wire
from agentctl.model.lifting import Statement
from agentctl.policy.lifting import may_not_lift
from agentctl.trace.record import Kind
from agentctl.views.safe import line
from agentctl.workspace.halting import checked, told, upper
from agentctl.workspace.unlocking import locked, record_act
from agentctl.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Word:
    """Who says that halts are over: as whom in the policy, and with which key; both empty for the login name alone."""

    person: str = ""
    key: Path | None = None


NOBODYS = Word()


def unhalt(workspace: Workspace, scope: Scope, reason: str, word: Word = NOBODYS) -> str:
    """Lift every halt of exactly ``scope`` and record that; return what was and what still is halted.

    Raises Usage where it is not halted, Refused where policy does not let this person, Locked.
    """
    said = checked(reason)
    over = _standing(workspace, scope)
    body = {
        "scope": scope_to_wire(scope), "by": workspace.person, "host": socket.gethostname(), "reason": said,
        **_vouched(workspace, scope, over, said, word),
    }
    with locked(workspace, "", 0.0):
        if {halt.id for halt in _standing(workspace, scope)} != {halt.id for halt in over}:
            raise Refused("Halted again meanwhile", "What stands now is not what you looked at. Nothing was lifted.")
        record_act(workspace, Kind.UNHALT, body)
        left = workspace.halts()
    if scope in {halt.scope for halt in left}:
        raise Refused("A halt could not be lifted", f"{next(halt.why for halt in left if halt.scope == scope)}.")
    return "\n".join([f"No longer halted: {scope}. {told(left)}", *(f"Lifted: {line(halt.why)}" for halt in over)])


def _standing(workspace: Workspace, scope: Scope) -> tuple[Halt, ...]:
    standing = workspace.halts()
    found = tuple(halt for halt in standing if halt.scope == scope)
    if not found:
        others = told(standing) if standing else "Nothing is."
        raise Usage("Not halted", f"{upper(str(scope))} is not halted. {others}")
    return found


def _vouched(workspace: Workspace, scope: Scope, over: Sequence[Halt], reason: str, word: Word) -> dict[str, object]:
    """Return what the record says of the person: a name the policy knows, and the signature where there is one."""
    policy = workspace.policy
    signing = word != NOBODYS or (policy.unhalt is not None and policy.unhalt.signed)
    name = word.person or workspace.person
    if why := may_not_lift(policy, name):
        raise Refused("Halts are not yours to lift", f"{why}\nNothing was lifted.")
    person = policy.person(name)
    if not signing:
        return {"person": person.name if person else ""}
    if person is None:
        detail = f"`{name}` is nobody in the policy's `people:`."
        raise Usage("Nobody of that name", detail, hint="Say who you are there with --as.")
    return {"person": person.name, "signed": _signed(workspace, scope, over, reason, person.name, word.key)}


def _signed(
    workspace: Workspace, scope: Scope, over: Sequence[Halt], reason: str, person: str, key: Path | None
) -> dict[str, object]:
    from agentctl.engine.signers import not_of
    from agentctl.identity import statements

    statement = Statement(
        lineage=workspace.lineage,
        scope=scope,
        halts=tuple(halt.id for halt in over),
        person=person,
        reason=reason,
        from_=f"{workspace.time():%Y-%m-%dT%H:%M:%SZ}",
    )
    lifting = statements.sign(statement, (key or Path.home() / ".ssh" / "id_ed25519").expanduser())
    if why := not_of(lifting, person, workspace.policy):
        raise Refused(
            "The signature does not count",
            f"{upper(why)}. Nothing was lifted.",
            hint="Sign as yourself (--as) with a key that the policy lists under your `keys:` (--key).",
        )
    return {"statement": statement.to_wire(), "signature": lifting.signature}
