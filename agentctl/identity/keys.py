"""The one key file of a lineage, outside the workspace. What it is used for is ``vault``'s and ``sshsig``'s part."""

from __future__ import annotations

import json
import os
import stat
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from agentctl.errors import AgentctlError, Exit, Tampered, Unwritable, Usage
from agentctl.facts import dataclass, field
from agentctl.files import sync_folder
from agentctl.identity import sshsig
from agentctl.model.canonical import digest
from agentctl.patterns import regex

_VERSION = 1
_LARGEST = 1 << 20      # bytes; what is cut off there is no key
_ROOTS = ("encryption", "commitment", "signing")
_ROOT = 32
_LEFT = regex(r"[0-9a-f]{16}")
_REPLACED = ("encryption", "signing")


class NoKey(AgentctlError):
    """The lineage's key is not on this machine, or not safe to use. Nothing was executed."""

    code = Exit.UNREACHABLE


class Damaged(Tampered):
    """The file holds nothing that was ever a key's: a good copy may take its place."""


@dataclass(frozen=True, kw_only=True)
class Retired:
    """What stays of a key that was replaced: enough to read what it sealed and to name it, and not to sign."""

    encryption: bytes = field(repr=False)
    public_key: str


@dataclass(frozen=True, kw_only=True)
class Successor:
    """Roots that are to replace those in force. Whether they do already is for the trace to say."""

    encryption: bytes = field(repr=False)
    signing: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Key:
    """Three independent random roots of 32 bytes; ``signing`` is an Ed25519 seed. Never printed, never logged.

    ``retired`` are those before, the oldest first; ``commitment`` is never replaced. ``told`` is the public key as the
    file has it, empty where it has none: ``public_key`` compares by it, and nothing is signed by it.
    """

    lineage: str
    encryption: bytes = field(repr=False)
    commitment: bytes = field(repr=False)
    signing: bytes = field(repr=False)
    retired: tuple[Retired, ...] = ()
    successor: Successor | None = None
    told: str = field(default="", repr=False, compare=False)

    @property
    def public_key(self) -> str:
        """The public key of ``signing``. Working it out loads a library that most commands have no other use for."""
        return self.told or sshsig.public_key(self.signing)


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


def place_in(lineage: str, environ: Mapping[str, str]) -> Path:
    """Return the same, as the environment says."""
    key_file, config_home = environ.get("AGENTCTL_KEY_FILE", ""), environ.get("XDG_CONFIG_HOME", "")
    return place(lineage, key_file=key_file, config_home=config_home, home=Path.home())


def outside(path: Path, workspace: Path) -> Path:
    """Return ``path``. Raises NoKey where it lies in the workspace: what may edit files there could sign by it."""
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(workspace)):    # ``resolve`` raises on loops
        return path
    raise NoKey(
        "The key's place is within the workspace",
        f"{path} lies in {workspace}, where agents edit files: one that reads it can read hidden values and sign.",
        hint="Keep it elsewhere (move it there, if it is here already), and say where:",
        command="export AGENTCTL_KEY_FILE=/PATH/ELSEWHERE/key.json",
    )


def create(path: Path, lineage: str) -> Key:
    """Make a new key and store it durably. Raises Usage where there is a file already: a key is never replaced."""
    key = Key(
        lineage=lineage,
        encryption=os.urandom(_ROOT),
        commitment=os.urandom(_ROOT),
        signing=os.urandom(_ROOT),
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
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):      # which cannot be made a file object of
        os.close(descriptor)
        raise NoKey("The key cannot be read", f"{path} is not a regular file.")
    with os.fdopen(descriptor, "rb") as file:
        _check_private(path, os.fstat(descriptor))
        try:
            data = file.read(_LARGEST)
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


def signing(key: Key, path: Path) -> Key:
    """Return ``key``. Raises Tampered where its file names a public key that what it signs would not bear."""
    if key.told and key.told != sshsig.public_key(key.signing):
        raise Damaged("The key file is damaged", f"{path} names a public key that is not of its own private one.")
    return key


def text(key: Key) -> str:
    """Return the text of the key's file, for ``take_in`` on another machine."""
    return _encode(key).decode()


def parse(path: Path, data: bytes, lineage: str) -> Key:
    """Return the key whose file's bytes these are. Raises Tampered for anything else, or another lineage's."""
    return _decode(path, data, lineage)


def store(path: Path, key: Key) -> None:
    """Store a key that ``text`` gave elsewhere. Raises Usage where there is a file already."""
    _store(path, key)


def replace(path: Path, key: Key) -> None:
    """Put ``key`` in the place of what the file holds, durably: its name never stands for half a key.

    The file stays its owner's, also where root does it.
    """
    try:
        path = path.resolve(strict=True)        # a link to where it is kept stays one
        owner = path.stat()
        temporary = _beside(path, _encode(key))
        try:
            if owner.st_uid != os.geteuid():
                os.chown(temporary, owner.st_uid, owner.st_gid)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise Unwritable("The key could not be written", f"{path}: {error.strerror}.") from error


def clear(path: Path) -> None:
    """Take away what writers of this key that died left beside it: a seed that is in force no more may be in it."""
    with suppress(OSError):     # nobody else could read it; and the key itself is told of by who needs it
        path = path.resolve()
        for other in path.parent.iterdir():
            if other.name.startswith(f".{path.name}.") and _LEFT.fullmatch(other.name.rpartition(".")[2]):
                other.unlink()


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
    wire: dict[str, Any] = {"version": _VERSION, "kind": "Key", "lineage": key.lineage}
    wire |= {name: _text(getattr(key, name)) for name in _ROOTS}
    wire["public_key"] = sshsig.public_key(key.signing)
    if key.retired:
        wire["retired"] = [{"encryption": _text(old.encryption), "public_key": old.public_key} for old in key.retired]
    if key.successor:
        wire["successor"] = {name: _text(getattr(key.successor, name)) for name in _REPLACED}
    return json.dumps({**wire, "digest": digest(wire)}, indent=2).encode() + b"\n"


def _decode(path: Path, data: bytes, lineage: str) -> Key:
    try:
        wire: Any = json.loads(data)
        if wire["kind"] != "Key":
            raise ValueError(wire["kind"])
        if wire["version"] != _VERSION:
            raise NoKey("The key is of another version", f"{path} has version {wire['version']}; this is {_VERSION}.")
        if wire.pop("digest") != digest(wire):      # a root that was changed is a root like any other
            raise ValueError("digest")
        key = _key(wire)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Not chained: the cause quotes the file's content, and that is the key.
        raise Damaged("The key file is damaged", f"{path} is not a key file of agentctl.") from None
    if key.lineage != lineage:
        raise Tampered("The key is another workspace's", f"{path} is the key of {key.lineage}, not of {lineage}.")
    return key


def _key(wire: dict[str, Any]) -> Key:
    """Return the key a file says. Raises ValueError, KeyError or TypeError for what no file of ours says."""
    if wire.keys() - {"retired", "successor", "public_key"} != {"version", "kind", "lineage", *_ROOTS}:
        raise ValueError("fields")
    told = wire.get("public_key", "")
    if not isinstance(told, str):
        raise TypeError("public_key")
    retired = wire.get("retired", [])
    if any(old.keys() != {"encryption", "public_key"} or not isinstance(old["public_key"], str) for old in retired):
        raise ValueError("retired")
    successor = wire.get("successor")
    if successor is not None and successor.keys() != set(_REPLACED):
        raise ValueError("successor")
    return Key(
        lineage=wire["lineage"],
        **{name: _root(wire[name]) for name in _ROOTS},
        retired=tuple(Retired(encryption=_root(old["encryption"]), public_key=old["public_key"]) for old in retired),
        successor=None if successor is None else Successor(**{name: _root(successor[name]) for name in _REPLACED}),
        told=told,
    )


def _root(text: str) -> bytes:
    root = a2b_base64(text, strict_mode=True)
    if len(root) != _ROOT:
        raise ValueError("a root has 32 bytes")
    return root


def _text(root: bytes) -> str:
    return b2a_base64(root, newline=False).decode()


def _write_new(path: Path, data: bytes) -> None:
    """Link: the name never takes another file's place."""
    temporary = _beside(path, data)
    try:
        path.hardlink_to(temporary)
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def _beside(path: Path, data: bytes) -> Path:
    """Write ``data`` durably into a new file beside ``path``, its owner's only, and return that."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        temporary.unlink()
        raise
    return temporary
