"""The workspace key handed to a colleague or a runner, and taken in there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from agentctl import files
from agentctl.errors import Tampered, Unwritable, Usage
from agentctl.identity import keyring, keys
from agentctl.identity.keyring import Copy
from agentctl.identity.plans import fingerprint
from agentctl.identity.sshsig import public_key
from agentctl.workspace import succession
from agentctl.workspace.workspace import Workspace

_LARGEST = 1 << 20


def exported(workspace: Workspace) -> str:
    """Return the key file's text. Raises NoKey where this machine has none, or one that was replaced."""
    return keys.text(workspace.key)


def public(workspace: Workspace) -> str:
    """Return the public keys that the trace tells of, a line each, the oldest first. Needs no key."""
    line, wrong = succession.told(workspace.layout.trace, workspace.lineage)
    if line is None or wrong:
        raise Tampered("The trace is damaged", f"{wrong or 'It tells of no key.'}", command="agentctl verify")
    return "".join(f"{key}\n" for key in line.public_keys)


def save_key(workspace: Workspace, path: Path) -> None:
    """Write the key into a new file outside the workspace, its owner's only. Raises Usage, NoKey, Unwritable."""
    if _within(workspace, path):
        raise Usage(
            "The key is not written into the workspace",
            f"{path} lies in {workspace.root}, where agents edit files: one that reads it can sign.",
            hint="Write it elsewhere:",
            command="agentctl key export -o ~/key.json",
        )
    _save(exported(workspace), path)


def _save(text: str, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise Usage("There is a file already", f"{path} exists, and is left as it is.") from error
    except OSError as error:
        raise Unwritable("The key could not be written", f"{path}: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Unwritable("The key could not be written", f"{path}: {error.strerror}.") from error


def take_in(workspace: Workspace, file: Path, *, replace: bool) -> str:
    """Store the key in ``file`` (`-` is stdin) as this workspace's and return what was done.

    ``replace`` puts a later copy, or a good one, in the place of the one that is here. Raises Tampered for another
    lineage's or an unknown key, Superseded for one that was replaced since, Usage where a key is here that stays.
    """
    path = workspace.key_path
    theirs = keys.parse(file, _read(file), workspace.lineage)
    line, wrong = succession.told(workspace.layout.trace, workspace.lineage)
    if line is not None and not wrong:
        theirs = succession.in_force(theirs, file, workspace.layout.trace, workspace.lineage)
    try:
        ours = keys.find(path, workspace.lineage)
    except keys.Damaged:
        if not replace:
            raise
    else:
        if ours is None:
            keys.store(path, theirs)
            return _taken(workspace, file, theirs)
        _check_later(path, ours, theirs, replace=replace)
    keys.replace(path, theirs)
    return _taken(workspace, file, theirs)


def _taken(workspace: Workspace, file: Path, key: keys.Key) -> str:
    said = f"The key {fingerprint(public_key(key.signing))} is in {workspace.key_path}.\n"
    if _within(workspace, file):
        said += f"Take {file} away: agents edit files there, and one that reads it can sign.\n"
    return said


def _within(workspace: Workspace, path: Path) -> bool:
    return str(path) != "-" and path.resolve().is_relative_to(workspace.root.resolve())


def _check_later(path: Path, ours: keys.Key, theirs: keys.Key, *, replace: bool) -> None:
    match keyring.compare(ours, theirs):
        case Copy.SAME:
            raise Usage("There is a key already", f"{path} holds this very key; nothing was changed.")
        case Copy.OLDER:
            raise Usage("There is a key already", f"{path} holds a later one; an older one never takes its place.")
        case Copy.OTHER:
            raise Usage("There is a key already", f"{path} holds another one; what it sealed would be lost.")
        case Copy.NEWER if not replace:
            raise Usage(
                "There is a key already",
                f"{path} holds the one that was replaced by this.",
                hint="To put this one in its place, which loses nothing:",
                command="agentctl key import --replace FILE",
            )


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read(_LARGEST) if str(file) == "-" else files.read(file, _LARGEST)
    except OSError as error:
        raise Usage("The key cannot be read", f"{file}: {error.strerror}.") from error
