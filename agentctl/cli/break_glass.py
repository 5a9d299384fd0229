"""``agentctl break-glass``: act alone in an emergency, and owe a review."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import argument
from agentctl.cli.options import As, DiffOption, Key, Lasting, OverrideOut, Reason
from agentctl.cli.session import Session
from agentctl.views.look import Detail


def break_glass(
    session: Session,
    subject: Annotated[
        str,
        argument(
            metavar="DIGEST|FILE", help="The changeset that cannot wait: its digest or its file.", show_default=False,
            offers="subjects",
        ),
    ],
    reason: Reason,
    as_: As = "",
    expires: Lasting = "",
    key: Key = None,
    out: OverrideOut = None,
    diff: DiffOption = Detail.COMPACT,
) -> None:
    """Let exactly this changeset pass every soft rule and missing signature, alone, and sign that. For emergencies.

    The policy's `break_glass:` says who may, and for how long. It gives no right that no grant gives, passes no hard
    rule, no limit and no halt, and what cannot be undone is still asked for by name and number. Using it opens a
    review: somebody else must look into the run (`agentctl review`).

        agentctl break-glass 3f9a1c2b77de --reason "checkout is down"
    """
    from agentctl.cli.overriding import overrule, wish_of
    from agentctl.workspace import approving, overriding

    workspace = session.workspace()
    wish = wish_of(workspace, as_, reason, expires, key)
    preview = approving.preview_to_sign(workspace, subject)
    statement = overriding.of_glass(workspace, preview, wish)
    question = f"Break the glass for exactly this, as {wish.person}, to be reviewed after? Only `yes` is accepted: "
    overrule(session, preview, statement, wish, question, out, diff)
