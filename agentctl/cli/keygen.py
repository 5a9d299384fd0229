"""``agentctl keygen``: a key to sign approvals with."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.output import talk
from agentctl.views.emit import write


def keygen(
    out: Annotated[
        Path | None, option("--out", "-o", metavar="FILE", help="Where to put it; by default ~/.ssh/id_ed25519.")
    ] = None,
) -> None:
    """Make an ssh key to sign approvals with, and print its public line. An existing key is never replaced.

    Any key that `ssh-keygen -Y sign` can use does as well: one you have, one in ssh-agent, one on a device.

        agentctl keygen
        agentctl keygen --out ~/.ssh/approvals
    """
    from agentctl.identity.ssh import make_key

    path = out or Path.home() / ".ssh" / "id_ed25519"
    public = make_key(path, getpass.getuser())
    write(f"{public}\n", sys.stdout)
    talk(
        f"The key is in {path}, readable by you alone and without a passphrase (`ssh-keygen -p -f {path}` sets one).\n"
        f"To let it approve, whoever keeps the policy adds under `people:`, to your entry:\n"
        f"    keys: [{json.dumps(public)}]\n"
    )
