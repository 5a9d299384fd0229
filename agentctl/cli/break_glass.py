"""``agentctl break-glass``: act alone in an emergency, and owe a review."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_subjects
from agentctl.cli.options import As, DiffOption, Key, Lasting, OverrideOut, Reason
from agentctl.views.look import Detail

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("break-glass")
def break_glass(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="DIGEST|FILE", help="The changeset that cannot wait: its digest or its file.", show_default=False,
            autocompletion=complete_subjects,
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

    workspace = context.obj.workspace()
    wish = wish_of(workspace, as_, reason, expires, key)
    preview = approving.preview_to_sign(workspace, subject)
    statement = overriding.of_glass(workspace, preview, wish)
    question = f"Break the glass for exactly this, as {wish.person}, to be reviewed after? Only `yes` is accepted: "
    overrule(context.obj, preview, statement, wish, question, out, diff)
