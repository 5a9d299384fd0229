"""As whom a connector speaks: what may be told of its token, and who the system says it is."""

from __future__ import annotations

from agentctl.facts import dataclass
from agentctl.model.changeset import SystemIdentity


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """One connector. ``problem`` says why it does not work, or nothing.

    ``scopes`` and ``expires`` are those of the token it looks with, None and empty where nobody told; with ``per_step``
    each effect has another one.
    """

    name: str
    type: str
    provider: str = ""
    source: str = ""
    per_step: bool = False
    scopes: tuple[str, ...] | None = None
    expires: str = ""
    identity: SystemIdentity | None = None
    problem: str = ""
