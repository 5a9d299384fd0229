"""The trace graded against everything this machine knows of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agentctl.errors import Tampered, Usage
from agentctl.store import state as store
from agentctl.trace import verify as trace
from agentctl.trace.checkpoint import NAMESPACE, Check
from agentctl.workspace.witnessing import Heard, hear
from agentctl.workspace.workspace import Workspace


def verify(workspace: Workspace, *, expect_head: str, key: Path | None, witness: bool = False) -> trace.Verdict:
    """Walk the whole trace and return its grade. Takes no lock and changes nothing.

    With ``witness`` every head it was told must be in the trace. Raises Unreachable where it can't be asked.
    """
    check = _check(workspace, key)
    heard = hear(workspace, check) if witness else Heard(heads={})
    outside = dict(heard.heads)
    if expect_head:
        head = expect_head if expect_head.startswith("sha256:") else f"sha256:{expect_head}"
        outside[head] = "--expect-head"
    verdict = trace.verify(
        workspace.layout.trace,
        workspace.layout.checkpoints,
        lineage=workspace.lineage,
        known=trace.Known(inside=_state_head(workspace), outside=outside, within=heard.within),
        check=check,
    )
    return replace(verdict, notes=(*verdict.notes, *heard.notes))


def _state_head(workspace: Workspace) -> dict[str, str]:
    """The head the state was made from must be in the chain; a state that cannot be read vouches for nothing."""
    path = workspace.layout.state
    try:
        state = store.decode(path.read_bytes(), path)
    except (OSError, Tampered):
        return {}
    return {state.head.digest: "state.json"} if state.head else {}


def _check(workspace: Workspace, key: Path | None) -> Check | None:
    from agentctl.identity.sshsig import public_key, verify

    if key is not None:
        try:
            public = key.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Usage("The public key cannot be read", f"{key}: {error}.") from error
    elif workspace.vault_if_any is not None:
        public = public_key(workspace.key.signing)
    else:
        return None
    return lambda message, armored: verify(message, armored, public_key=public, namespace=NAMESPACE)
