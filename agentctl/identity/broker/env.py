"""``provider: env``: a token that whoever started agentctl put into a variable. It lives as long as they let it."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.errors import Unreachable
from agentctl.facts import dataclass, field
from agentctl.identity.broker import plain
from agentctl.identity.broker.asking import Ask, Minted


@dataclass(frozen=True, kw_only=True)
class Env:
    """``variable`` is taken out of the environment of every program that agentctl starts."""

    variable: str
    environ: Mapping[str, str] = field(repr=False)
    name: str = "env"

    @property
    def where(self) -> str:
        return f"the environment variable {self.variable}"

    @property
    def variables(self) -> frozenset[str]:
        return frozenset({self.variable})

    def check(self) -> None:
        if not self.environ.get(self.variable):
            how = "is empty" if self.variable in self.environ else "is not set"
            raise Unreachable("Credential not available", f"The environment variable {self.variable} {how}.")

    def mint(self, ask: Ask) -> Minted:
        self.check()
        return Minted(token=plain.token(self.environ[self.variable], self.where))

    def revoke(self, minted: Minted) -> None:
        """Nothing: it was there before, and is others' too."""
