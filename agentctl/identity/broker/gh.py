"""``provider: gh``: the login that the GitHub CLI holds. Its files are not read: it is asked."""

from __future__ import annotations

from agentctl.errors import Unreachable
from agentctl.facts import dataclass
from agentctl.identity.broker import plain
from agentctl.identity.broker.asking import Ask, Minted
from agentctl.identity.broker.program import Program


@dataclass(frozen=True, kw_only=True)
class GitHubCli:
    """What ``gh auth token`` prints for ``host``."""

    host: str
    program: Program
    name: str = "gh"
    variables: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        return f"the login of the GitHub CLI at {self.host}"

    def check(self) -> None:
        self.program.found()

    def mint(self, ask: Ask) -> Minted:
        self.check()
        try:
            told = self.program.says()
        except Unreachable as error:
            raise Unreachable(
                error.summary, f"{error.detail} Is somebody logged in? `gh auth login --hostname {self.host}`."
            ) from None
        return Minted(token=plain.token(told.decode("utf-8", "replace"), self.where))

    def revoke(self, minted: Minted) -> None:
        """Nothing: it is a person's login."""
