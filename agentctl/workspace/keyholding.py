"""What this machine holds of the workspace's keys, and what each key is needed for."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.errors import AgentctlError, Tampered
from agentctl.identity import keys
from agentctl.identity.keyring import public_keys
from agentctl.identity.plans import fingerprint
from agentctl.identity.vault import Vault
from agentctl.model.keeping import Keeping, KeptKey, Replacement
from agentctl.store import packs
from agentctl.workspace import succession
from agentctl.workspace.workspace import Workspace


def keeping(workspace: Workspace) -> Keeping:
    """Return what there is to know of the keys. Raises Tampered where the trace does not tell."""
    line, wrong = succession.told(workspace.layout.trace, workspace.lineage)
    if line is None or wrong:
        raise Tampered("The trace is damaged", wrong or "It tells of no key.", command="agentctl verify")
    problem = _problem(workspace)
    ids = _ids(workspace, in_force=problem is None)
    counts = dict(packs.sealed_with(workspace.layout.packs))
    kept = []
    for public, came in zip(line.public_keys, line.told, strict=True):
        name = ids.get(public) or (came.sealing if came else None)
        kept.append(
            KeptKey(
                public_key=public,
                fingerprint=fingerprint(public),
                came=Replacement(at=came.time, by=came.by, reason=came.reason, compromised=came.compromised)
                if came
                else None,
                here=public in ids,
                packs=counts.pop(name, 0) if name else None,
            )
        )
    return Keeping(
        lineage=workspace.lineage,
        path=str(keys.place_in(workspace.lineage, workspace.environ)),
        keys=tuple(kept),
        problem=f"{problem.summary}: {problem.detail}" if problem else "",
        command=problem.command if problem else "",
        foreign=None if any(one.packs is None for one in kept) else sum(counts.values()),
    )


def _problem(workspace: Workspace) -> AgentctlError | None:
    try:
        _ = workspace.key
    except (keys.NoKey, Tampered) as error:
        return error
    return None


def _ids(workspace: Workspace, *, in_force: bool) -> Mapping[str, str]:
    """Return what packs call the keys that are here, by their public keys."""
    try:
        key = workspace.key if in_force else workspace.held_key
    except (keys.NoKey, Tampered):
        return {}
    current, *before = Vault(key).key_ids[: len(key.retired) + 1]
    return dict(zip(public_keys(key), (*reversed(before), current), strict=True))
