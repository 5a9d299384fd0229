"""The story itself: what is typed, in which order, and what each command must come to."""

from __future__ import annotations

import getpass
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from agentctl.demo.scratch import ASSETS, make
from agentctl.demo.typed import typed
from agentctl.errors import AgentctlError, Exit

_EDIT = "UPDATE customers SET tier = 'enterprise' WHERE id = 42"
_END = """
# The workspace stays at
    {directory}
# Try, for example:
    cd {directory}
    agentctl runs
    agentctl show latest
    agentctl policy explain plans/01-refused.yaml --step cleanup
    $EDITOR plans/02-corrected.yaml && agentctl plan plans/02-corrected.yaml
"""


def tell(directory: Path | None = None, to: BinaryIO | None = None) -> None:
    """Make a scratch workspace in ``directory`` (a new temporary one by default) and play the whole loop in it.

    Raises AgentctlError where a command comes to another end than the story says.
    """
    story = _Story(directory or Path(tempfile.mkdtemp(prefix="agentctl-demo-")), to or sys.stdout.buffer)
    story.say(f"A scratch workspace in {story.directory}: a site under git, a CRM in SQLite, and a ticket.")
    make(ASSETS, story.directory, getpass.getuser())
    story.run("init", ends=Exit.OK)

    story.say("An agent read the ticket and proposes what it takes the ticket to mean.")
    story.run("plan", "plans/01-refused.yaml", ends=Exit.REFUSED)

    story.say("It is told why, and proposes again. Nothing has happened yet: this is what would.")
    story.run("plan", "plans/02-corrected.yaml", "-o", "reviewed.changeset", ends=Exit.OK)

    story.say("A person consents to exactly that, and it is done step by step.")
    story.run("apply", "reviewed.changeset", "--diff", "summary", answers="yes", ends=Exit.OK)

    story.say("What happened, for somebody who was not there.")
    story.run("show", ends=Exit.OK)

    story.say("Later an account manager upgrades the same customer, in the CRM itself.")
    story.in_the_crm(_EDIT)
    story.run("drift", ends=Exit.OK)

    story.say("It was all a mistake: put it back. What somebody changed since is theirs, and stays.")
    story.run("rollback", "latest", "--diff", "summary", answers="yes", ends=Exit.INCOMPLETE)

    story.say("And is the history whole?")
    story.run("verify", ends=Exit.OK)
    story.end()


class _Story:
    def __init__(self, directory: Path, to: BinaryIO) -> None:
        self.directory = directory.resolve()
        self.to = to

    def say(self, *lines: str) -> None:
        self.to.write(b"\n" + "".join(f"# {line}\n" for line in lines).encode())
        self.to.flush()

    def run(self, *arguments: str, answers: str = "", ends: Exit) -> None:
        code = typed(self.directory, *arguments, answers=answers, to=self.to)
        if code != ends:
            raise AgentctlError(
                "The demo went another way",
                f"`agentctl {' '.join(arguments)}` ended with {code}; the story expects {ends.value}.",
                hint=f"The workspace is in {self.directory}.",
            )
        if code != Exit.OK:
            self.to.write(f"(exit {code})\n".encode())

    def in_the_crm(self, statement: str) -> None:
        self.to.write(f"crm> {statement};\n".encode())
        with closing(sqlite3.connect(self.directory / "crm.db")) as database:
            database.execute(statement)
            database.commit()

    def end(self) -> None:
        self.to.write(_END.format(directory=self.directory).encode())
        self.to.flush()
