"""``init``: a folder becomes a workspace. What exists is left as it is; a key is never made twice."""

from __future__ import annotations

import getpass
import grp
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from agentctl.errors import Unwritable, Usage
from agentctl.identity import keys, sshsig
from agentctl.resources import schema
from agentctl.store import atomic, lock
from agentctl.store.layout import Layout
from agentctl.store.owner import myself
from agentctl.trace.record import Kind
from agentctl.workspace import lineage
from agentctl.workspace.file import NAME, load
from agentctl.workspace.projecting import save_state
from agentctl.workspace.unlocking import record_act
from agentctl.workspace.witnessing import bring
from agentctl.workspace.workspace import Workspace

_FILE = """\
# yaml-language-server: $schema=.agentctl/schemas/workspace.schema.json
# What agents may propose changes to, and by which policy. Paths begin here.
version: 1
kind: Workspace
tenant: {tenant}
environment: staging
policy: policy/
connectors:
  files: {{type: file, root: .}}
"""
_RECORD = 1 << 16      # bytes within which a first record ends
_SOMEBODY = "your-user-name"       # in a baseline: whoever makes the workspace may undo what was done in it
_EDITORS = "# yaml-language-server: $schema={up}.agentctl/schemas/{name}.schema.json\n"
_EDITED = ("plan", "policy", "policy-test", "workspace")       # what people and agents write
_IGNORE = "# History, state and packs of agentctl; not for version control.\n*\n"


def make(
    root: Path, environ: Mapping[str, str], *, policy: str, group: str, tell: Callable[[str], None] = lambda _: None
) -> str:
    """Make ``root`` a workspace and return what was made, in words. Raises Usage for a policy nobody knows.

    ``tell`` takes warnings to whoever is there.
    """
    said = []
    gid = _gid(group)
    keys.outside(keys.place_in("new", environ), root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        if (root / NAME).exists():
            load(root)      # before anything is made: what is wrong with it can be mended and `init` run again
            said.append(f"kept  {NAME}, as it is: no policy was written either")
        else:
            said += _first_files(root, policy)
        layout = Layout(root / lineage.FOLDER, group=gid is not None)
        layout.make(gid)
        ignored = layout.root / ".gitignore"
        ignored.write_text(_IGNORE)
        ignored.chmod(layout.file_mode)
        _schemas(layout)
    except OSError as error:
        raise Unwritable("The workspace could not be made", f"{error.filename}: {error.strerror}.") from error
    name = lineage.make(layout)
    workspace = Workspace.open(root, environ, tell)
    me = myself(run="", person=workspace.person, now=workspace.now())
    with lock.acquire(layout.lock, me, mode=layout.file_mode):
        if _has_history(layout):
            return f"{root} is a workspace already (lineage {name}); nothing was changed.\n"
        _begin(workspace)
        bring(workspace)
    said.append(f"made  {workspace.key_path}: its key")
    return "".join(f"  {line}\n" for line in said) + _NEXT.format(root=root, lineage=name)


_NEXT = """
Keep a copy of the key: without it nothing hidden can be read or rolled back.

{root} is a workspace now (lineage {lineage}). What its connectors can do:
    agentctl connectors list
To see what a plan would change:
    agentctl plan plan.yaml
"""


def _begin(workspace: Workspace) -> None:
    """Make the key, and record that the workspace begins. Hold the lock."""
    layout, name = workspace.layout, workspace.lineage
    layout.refill()
    for half in (*layout.trace.glob("*.jsonl"), *layout.trace.glob("*.torn")):
        half.unlink()       # a first record that was not written whole
    for folder in layout.folders():
        atomic.clear(folder)
    if keys.find(workspace.key_path, name) is None:
        keys.create(workspace.key_path, name)
    public = sshsig.public_key(workspace.key.signing)
    record_act(workspace, Kind.INIT, {"lineage": name, "public_key": public, "by": workspace.person})
    save_state(workspace)


def _has_history(layout: Layout) -> bool:
    """Whether anything was recorded, or kept, here: an ``init`` that ended badly before that is done anew."""
    if layout.state.exists() or any(any(folder.glob("[!.]*")) for folder in (
        layout.checkpoints, layout.changesets, layout.packs,
    )):
        return True
    return any(b"\n" in path.read_bytes()[:_RECORD] for path in layout.trace.glob("*.jsonl"))


def _schemas(layout: Layout) -> None:
    """Write the schemas that editors check by what is being written: those of this version, each time."""
    folder = layout.root / "schemas"
    folder.mkdir(exist_ok=True)
    folder.chmod(layout.folder_mode)
    for name in _EDITED:
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        path.chmod(layout.file_mode)


def _first_files(root: Path, policy: str) -> list[str]:
    from agentctl.policy import baselines

    if policy not in baselines.names():
        raise Usage("No such policy", f"`{policy}` is not one of {', '.join(baselines.names())}.")
    (root / NAME).write_text(_FILE.format(tenant=_tenant(root)))
    said = [f"made  {NAME}: name your tenant, environment and connectors in it"]
    folder = root / "policy"
    if not folder.exists():
        (folder / "tests").mkdir(parents=True)
        rules = baselines.text(policy).replace(_SOMEBODY, getpass.getuser())
        (folder / "policy.yaml").write_text(_EDITORS.format(up="../", name="policy") + rules)
        cases = baselines.cases(policy)
        (folder / "tests" / "policy.yaml").write_text(_EDITORS.format(up="../../", name="policy-test") + cases)
        said.append(f"made  policy/: the `{policy}` baseline, and its cases in policy/tests/")
    return said


def _tenant(root: Path) -> str:
    name = "".join(letter for letter in root.resolve().name.lower() if letter.isascii() and letter.isalnum())
    return name or "local"


def _gid(group: str) -> int | None:
    if not group:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise Usage("No such group", f"This machine has no group `{group}`.") from error
