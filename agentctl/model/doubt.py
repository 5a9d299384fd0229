"""What nobody knows: whether a step of an earlier run happened."""

from __future__ import annotations

from agentctl.facts import dataclass


@dataclass(frozen=True, kw_only=True)
class InDoubt:
    """A step of an earlier run that may have had its effect: nobody has said whether."""

    run: str
    step: str

    @property
    def why(self) -> str:
        return f"it may have been done already, by step `{self.step}` of run {self.run}"
