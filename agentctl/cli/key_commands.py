"""``agentctl key``: the workspace key shown, handed on, taken in and replaced."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import Group, argument, option
from agentctl.cli.halting import Reason
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.errors import Usage
from agentctl.views.emit import Format, write


def show(session: Session, format: FormatOption = Format.TERMINAL) -> None:
    """Show which key is in force, which were, and what each is needed for. Never the keys themselves.

        agentctl key show
    """
    from agentctl.views.document.keys import keys as document
    from agentctl.views.terminal.keys import draw_keys
    from agentctl.workspace.keyholding import keeping

    emit(document(keeping(session.workspace())), draw_keys, session, format=format)


def export(
    session: Session,
    out: Annotated[
        Path | None, option("--out", "-o", metavar="FILE", help="Write it into a new file, readable by you only.")
    ] = None,
    public: Annotated[
        bool, option("--public", help="Only the public keys, for who checks the trace from outside.")
    ] = False,
) -> None:
    """Hand the workspace key on. Whoever has it can read hidden values and close trace files.

        agentctl key export -o ~/key.json
        agentctl key export | ssh runner 'cd app && agentctl key import -'
        agentctl key export --public > keys.pub
    """
    from agentctl.workspace import sharing

    workspace = session.workspace()
    if public and out is not None:
        raise Usage("Wrong usage", "--public is for everybody to read: it goes to stdout, and not with --out.")
    if out is not None:
        sharing.save_key(workspace, out)
        talk(f"The key is in {out}, readable by you only.\n")
    elif public:
        write(sharing.public(workspace), sys.stdout)
    elif sys.stdout.isatty():
        raise Usage(
            "The key is not shown on a terminal",
            "It would stay in the scroll-back and in logs of the session.",
            hint="Write it into a file that only you can read, or pipe it to where it goes:",
            command="agentctl key export -o ~/key.json",
        )
    else:
        write(sharing.exported(workspace), sys.stdout)


def import_(
    session: Session,
    file: Annotated[Path, argument(metavar="FILE", help="What `agentctl key export` gave; - is stdin.")],
    replace: Annotated[
        bool, option("--replace", help="Put it in the place of a damaged key, or of one it replaced.")
    ] = False,
) -> None:
    """Take in the key of this workspace. One of another lineage, or that was replaced since, is refused.

        agentctl key import ~/key.json
        agentctl key import --replace ~/new-key.json
    """
    from agentctl.workspace.sharing import take_in

    talk(take_in(session.workspace(), file, replace=replace))


def rotate(
    session: Session,
    reason: Reason,
    compromised: Annotated[
        bool, option("--compromised", help="Record that somebody else may have the old key.")
    ] = False,
) -> None:
    """Replace the workspace key, recorded and signed with both. What it sealed stays readable.

    Approvals, what is done already and the equality of hidden values stay as they are.

        agentctl key rotate --reason "yearly"
        agentctl key rotate --compromised --reason "laptop of Ann stolen"
    """
    from agentctl.workspace.rotating import rotate as replace
    from agentctl.workspace.rotating import words

    talk(words(replace(session.workspace(), reason, compromised=compromised), compromised=compromised) + "\n")


COMMANDS: Group = {"show": show, "export": export, "import": import_, "rotate": rotate}
