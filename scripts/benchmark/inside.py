"""Times parts of agentctl within one process against what bounds them, in the folder it is started in. Prints JSON."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from yaml import StreamEndEvent
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stubs leave it out

from agentctl.syntax.yaml import read
from agentctl.workspace.history import read_history
from agentctl.workspace.verifying import verify
from agentctl.workspace.vouching import vouching
from agentctl.workspace.workspace import Workspace

_TIMES = 7


def main() -> None:
    workspace = Workspace.open(Path(), os.environ)
    plan = Path("plan.yaml").read_bytes()
    verdict = verify(workspace, expect_head="", key=None).verdict
    assert verdict.grade.value.startswith("intact"), verdict
    gc.freeze()
    print(json.dumps({
        "verify": timed(lambda: verify(workspace, expect_head="", key=None)),
        "place": timed(lambda: read_history(workspace.layout.trace, vouching(workspace))),
        "sha256": timed(lambda: [hash_lines(path) for path in workspace.layout.trace.iterdir()]),
        "load": timed(lambda: read(plan, "plan.yaml")),
        "events": timed(lambda: drain(plan.decode())),
    }))


def timed(act: Callable[[], object]) -> list[float]:
    act()
    found = []
    for _ in range(_TIMES):
        began = time.process_time()
        act()
        found.append(time.process_time() - began)
    return found


def hash_lines(path: Path) -> str:
    """Digest each line with the one before it, which is all that a chain asks of SHA-256."""
    link = b""
    with path.open("rb") as lines:
        for line in lines:
            link = hashlib.sha256(link + line).digest()
    return link.hex()


def drain(text: str) -> None:
    parser = CParser(text)
    try:
        while parser.get_event() is not None and not parser.check_event(StreamEndEvent):
            pass
    finally:
        parser.dispose()


main()
