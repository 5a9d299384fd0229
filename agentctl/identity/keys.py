"""The one key file of a lineage, outside the workspace. What it is used for is ``vault``'s and ``sshsig``'s part."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentctl.errors import AgentctlError, Exit, Tampered, Unwritable, Usage

_VERSION = 1
_ROOTS = ("encryption", "commitment", "signing")


class NoKey(AgentctlError):
    """The lineage's key is not on this machine, or not safe to use. Nothing was executed."""

    code = Exit.UNREACHABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Three independent random roots of 32 bytes; ``signing`` is an Ed25519 seed. Never printed, never logged."""

    lineage: str
    encryption: bytes = field(repr=False)
    commitment: bytes = field(repr=False)
    signing: bytes = field(repr=False)


def place(lineage: str, *, key_file: str, config_home: str, home: Path) -> Path:
    """Return where the key of ``lineage`` lives.

    ``key_file`` is the value of AGENTCTL_KEY_FILE, ``config_home`` that of XDG_CONFIG_HOME; empty means unset.
    """
    if key_file:
        return Path(key_file)
    if not lineage or lineage.startswith(".") or "/" in lineage or "\0" in lineage:
        raise Tampered("The lineage is not an id", f"`{lineage}` cannot name a key file.")
    # The XDG specification: a relative path is to be ignored.
    base = Path(config_home) if config_home.startswith("/") else home / ".config"
    return base / "agentctl" / "keys" / lineage


def create(path: Path, lineage: str) -> Key:
    """Make a new key and store it durably. Raises Usage where there is a file already: a key is never replaced."""
    key = Key(
        lineage=lineage,
        encryption=secrets.token_bytes(32),
        commitment=secrets.token_bytes(32),
        signing=secrets.token_bytes(32),
    )
    _store(path, key)
    return key


def find(path: Path, lineage: str) -> Key | None:
    """Return the key, or None where there is no file. Raises as ``load`` does for a file that may not be used."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)      # a pipe must not make us wait
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NoKey("The key cannot be read", f"{path}: {error.strerror}.") from error
    with os.fdopen(descriptor, "rb") as file:
        _check_private(path, os.fstat(descriptor))
        try:
            data = file.read()
        except OSError as error:
            raise NoKey("The key cannot be read", f"{path}: {error.strerror}.") from error
    return _decode(path, data, lineage)


def load(path: Path, lineage: str) -> Key:
    """Return the key. Raises NoKey where it is missing or open to others, Tampered where it is not this lineage's."""
    key = find(path, lineage)
    if key is None:
        raise NoKey(
            "No key for this workspace",
            f"The key of lineage {lineage} would be at {path}. Without it hidden values stay hidden and nothing can be "
            "applied or rolled back from here.",
            hint="Ask somebody who can apply in this workspace for its key file, or set AGENTCTL_KEY_FILE to it.",
        )
    return key


def text(key: Key) -> str:
    """Return the text of the key's file, for ``take_in`` on another machine."""
    return _encode(key).decode()


def take_in(path: Path, data: bytes, lineage: str) -> Key:
    """Store a key that ``text`` gave elsewhere. Raises Tampered for another lineage's, Usage where there is one."""
    key = _decode(path, data, lineage)
    _store(path, key)
    return key


def _store(path: Path, key: Key) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, _encode(key))
    except FileExistsError as error:
        raise Usage("There is a key already", f"{path} exists, and a key is never replaced.") from error
    except OSError as error:
        raise Unwritable("The key could not be written", f"{path}: {error.strerror}.") from error


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NoKey("The key cannot be read", f"{path} is not a regular file.")
    if status.st_mode & 0o077:
        raise NoKey(
            "The key is open to others",
            f"{path} has mode {stat.S_IMODE(status.st_mode):04o}; others may have read it.",
            command=f"chmod 600 {path}",
        )
    if status.st_uid not in (os.geteuid(), 0):
        raise NoKey("The key belongs to somebody else", f"{path} is owned by uid {status.st_uid}.")


def _encode(key: Key) -> bytes:
    roots = {name: base64.b64encode(getattr(key, name)).decode() for name in _ROOTS}
    wire = {"version": _VERSION, "kind": "Key", "lineage": key.lineage, **roots}
    return json.dumps(wire, indent=2).encode() + b"\n"


def _decode(path: Path, data: bytes, lineage: str) -> Key:
    try:
        wire: Any = json.loads(data)
        if wire["kind"] != "Key":
            raise ValueError(wire["kind"])
        if wire["version"] != _VERSION:
            raise NoKey("The key is of another version", f"{path} has version {wire['version']}; this is {_VERSION}.")
        if wire.keys() != {"version", "kind", "lineage", *_ROOTS}:
            raise ValueError("fields")
        roots = [base64.b64decode(wire[name], validate=True) for name in _ROOTS]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        # Not chained: the cause quotes the file's content, and that is the key.
        raise Tampered("The key file is damaged", f"{path} is not a key file of agentctl.") from None
    if any(len(root) != 32 for root in roots):
        raise Tampered("The key file is damaged", f"{path}: a root does not have 32 bytes.")
    if wire["lineage"] != lineage:
        raise Tampered("The key is another workspace's", f"{path} is the key of {wire['lineage']}, not of {lineage}.")
    encryption, commitment, signing = roots
    return Key(lineage=lineage, encryption=encryption, commitment=commitment, signing=signing)


def _write_new(path: Path, data: bytes) -> None:
    """Write beside and link: the name never stands for half a key, and never takes another file's place."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        path.hardlink_to(temporary)
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
