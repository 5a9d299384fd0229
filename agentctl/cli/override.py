"""``agentctl override``: let one changeset pass a soft rule."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import argument
from agentctl.cli.options import As, DiffOption, Key, Lasting, OverrideOut, Reason
from agentctl.cli.session import Session
from agentctl.views.look import Detail


def override(
    session: Session,
    subject: Annotated[
        str,
        argument(
            metavar="DIGEST|FILE", help="The changeset that was reviewed: its digest or its file.", show_default=False,
            offers="subjects",
        ),
    ],
    rules: Annotated[
        list[str],
        argument(metavar="RULE…", help="The soft rules that deny it, and need not.", show_default=False),
    ],
    reason: Reason,
    as_: As = "",
    expires: Lasting = "",
    key: Key = None,
    out: OverrideOut = None,
    diff: DiffOption = Detail.COMPACT,
) -> None:
    """Let exactly this changeset pass soft rules that deny it, and sign that. It is good once, and until it expires.

    Policy says who may override which rule, and for how long. A hard rule has no override. Asks for `yes` on a
    terminal; there is no option that answers for you. Other consent that policy asks for is still needed.

        agentctl override 3f9a1c2b77de freeze --reason "the fix for incident 4711"
    """
    from agentctl.cli.overriding import overrule, wish_of
    from agentctl.workspace import approving, overriding

    workspace = session.workspace()
    wish = wish_of(workspace, as_, reason, expires, key)
    preview = approving.preview_to_sign(workspace, subject)
    statement = overriding.of_rules(workspace, preview, rules, wish)
    named = ", ".join(f"`{rule}`" for rule in statement.rules)
    question = f"Sign as {wish.person} that exactly this may pass {named}? Only `yes` is accepted: "
    overrule(session, preview, statement, wish, question, out, diff)
