"""What every command starts from: where it runs, how it may draw, and whether a person is there to ask."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentctl.errors import Usage
from agentctl.facts import dataclass
from agentctl.views.emit import write
from agentctl.views.look import Detail, Look, look_for
from agentctl.views.safe import lines

Draw = Callable[[Mapping[str, Any], Look], str]


@dataclass(frozen=True, kw_only=True)
class Session:
    """One command line being carried out."""

    start: Path
    no_color: bool = False
    policy: str = ""

    @classmethod
    def begin(cls, directory: str, *, no_color: bool, policy: str = "") -> Session:
        """Go to ``directory``, so that every path typed is meant from there, and begin. Raises Usage."""
        try:
            os.chdir(directory or ".")
        except OSError as error:
            raise Usage("No such directory", f"{directory}: {error.strerror}.") from error
        return cls(start=Path.cwd(), no_color=no_color, policy=policy)

    def workspace(self) -> Any:
        """Return the workspace this command runs in. Raises Usage where there is none."""
        from agentctl.workspace.workspace import Workspace

        environ = dict(os.environ)
        workspace = Workspace.open(self.start, environ, self.tell, policy=self.policy)
        for variable in workspace.withheld:
            os.environ.pop(variable, None)      # no program that is started from here has any business with it
        atexit.register(workspace.forget_tokens)
        return workspace

    def tell(self, text: str) -> None:
        """Say ``text``, a warning, beside what the command prints."""
        write("".join(f"{line}\n" for line in lines(text)), sys.stderr)

    def look(self, stream: Any, detail: Detail = Detail.COMPACT) -> Look:
        return look_for(stream, os.environ, no_color=self.no_color, detail=detail)

    @property
    def interactive(self) -> bool:
        """Whether somebody can be asked and can see what they are asked about."""
        return sys.stdin.isatty() and sys.stderr.isatty()
