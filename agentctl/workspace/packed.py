"""Whether the hidden values of one run are in its packs, and are what the trace committed to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentctl.facts import dataclass, field
from agentctl.model.values import Hidden
from agentctl.store import packs
from agentctl.trace.chain import Link, TraceFile, trace_files, walk_file
from agentctl.trace.record import Kind
from agentctl.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Of how many values the run tells only commitments; how many are ``missing`` and how many ``wrong``.

    ``why`` is why they could not be looked at, or are missing; where none is, what stands in a pack after them, as a
    write that was cut short leaves it. Missing ones are ``damage`` unless this machine has no key for them or retention
    dropped them, as a record says.
    """

    values: int = 0
    missing: int = 0
    wrong: int = 0
    why: str = ""
    damage: bool = False


def packed(workspace: Workspace, file: TraceFile) -> Packed:
    """Compare every commitment in the run's trace file with the value that its packs hold."""
    told = _Told()
    for link in walk_file(workspace.layout.trace, file, None, anchored=False, newest=True):
        if not isinstance(link, Link):
            break       # the rest cannot be read, which is told of as the run's own damage
        told.hear(link.record.body)
    if not told.paths:
        return Packed()
    vault = workspace.vault_if_any
    names = (file.id, *sorted(told.carried - {file.id}))
    read = {name: packs.read(workspace.layout.packs, name, vault) for name in names}
    if vault is None:
        return Packed(values=len(told.paths), missing=len(told.paths), why=read[file.id].hidden)
    values = {commitment: wire for contents in read.values() for commitment, wire in contents.values.items()}
    for commitment in list(told.paths):
        told.look(values.get(commitment), "")       # what is hidden within what is hidden
    missing = [commitment for commitment in told.paths if commitment not in values]
    wrong = [
        commitment
        for commitment, paths in told.paths.items()
        if commitment in values
        and Hidden(commitment).bare
        not in (vault.commit(address, path, values[commitment]) for path in paths for address in told.addresses)
    ]
    unread = {name: contents.hidden for name, contents in read.items() if contents.hidden}
    dropped = _dropped(workspace)
    lost = [why for name, why in unread.items() if name not in dropped]
    return Packed(
        values=len(told.paths),
        missing=len(missing),
        wrong=len(wrong),
        why=next(iter([*lost, *("dropped by retention" for name in unread if missing and name in dropped)]), ""),
        damage=bool(wrong or (missing and (lost or not unread))),
    )


@dataclass
class _Told:
    """What records tell of hidden values: under which names each stands, and the addresses it can be bound to."""

    paths: dict[str, set[str]] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    carried: set[str] = field(default_factory=set)

    def hear(self, body: dict[str, Any] | Any) -> None:
        self.carried.update(item["run"] for item in body.get("carried", {}).values())
        self.look(body, "")

    def look(self, wire: Any, name: str, *, literal: bool = False) -> None:
        if isinstance(wire, list):
            for item in wire:
                self.look(item, name)
        elif isinstance(wire, dict):
            if not literal and wire.keys() == {"$hidden"}:
                self.paths.setdefault(wire["$hidden"], set()).add(name)
                return
            if not literal and wire.keys() == {"$literal"}:
                self.look(wire["$literal"], name, literal=True)     # a field may really be called `$hidden`
                return
            self.addresses.update(_addresses(wire))
            for key, item in wire.items():
                self.look(item, key)


def _addresses(wire: dict[str, Any]) -> Iterator[str]:
    if isinstance(address := wire.get("address"), str):
        yield address
    action, target = wire.get("action"), wire.get("target")
    if isinstance(action, str) and isinstance(target, str):
        yield f"{action.partition('.')[0]}/{target}"


def _dropped(workspace: Workspace) -> set[str]:
    """Return the runs whose packs a `gc` says it dropped."""
    found: set[str] = set()
    folder = workspace.layout.trace
    for file in trace_files(folder)[0]:
        if file.kind != Kind.GC:
            continue
        for link in walk_file(folder, file, None, anchored=False, newest=True):
            if isinstance(link, Link):
                paths = [dropped.get("path", "") for dropped in link.record.body.get("files", ())]
                found.update(path.removeprefix("packs/") for path in paths if path.startswith("packs/"))
    return found
