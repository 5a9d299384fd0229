"""Approval files: read, checked against public keys, and signed by ssh. Who may approve what is the engine's part."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from agentctl import resources
from agentctl.errors import Invalid, Unwritable, Usage
from agentctl.identity import sshsig
from agentctl.model.approval import Approval, Statement, statement_from_wire
from agentctl.model.canonical import canonical
from agentctl.model.values import NotAValue
from agentctl.syntax.schema import problems

NAMESPACE = "agentctl-approval"
LARGEST = 256 * 1024
_SIGNING = 300      # seconds a person has to type a passphrase or touch a key


def parse(data: bytes, name: str) -> Approval:
    """Return the approval a file called ``name`` holds, its signature still to be checked. Raises Invalid."""
    line, newline, signature = data.partition(b"\n")
    if not newline or len(data) > LARGEST:
        raise _invalid(name, "it is not a statement's line followed by a signature")
    try:
        wire = json.loads(line)
        if canonical(wire) != line:
            raise _invalid(name, "its first line is not in canonical form")
        if wrong := problems(resources.schema("approval"), wire):
            raise _invalid(name, wrong[0].detail or wrong[0].summary)
        statement = statement_from_wire(wire)
        moment(statement.from_)
        moment(statement.until)
        sshsig.parse(signature)
    except (NotAValue, RecursionError) as error:
        raise _invalid(name, "its first line is not in canonical form") from error
    except sshsig.NotASignature as error:
        raise _invalid(name, f"of its signature: {error}") from error
    except ValueError as error:
        raise _invalid(name, "its first line is not a statement") from error
    return Approval(statement=statement, signature=signature.decode("ascii"))


def signed_by(approval: Approval, keys: Iterable[str]) -> str:
    """Return which of the public key lines signed ``approval``, or nothing."""
    signature = approval.signature.encode()
    for key in keys:
        if sshsig.verify(approval.statement.text, signature, public_key=key, namespace=NAMESPACE):
            return key
    return ""


def same_key(one: str, other: str) -> bool:
    """Whether two public key lines are of one key, whatever their comments."""
    try:
        return sshsig.key_blob(one) == sshsig.key_blob(other)
    except sshsig.NotASignature:
        return False


def sign(statement: Statement, key: Path) -> Approval:
    """Have ``ssh-keygen`` sign with the private ``key``, or with the agent's or device's where it is a public one.

    It may ask for a passphrase or a touch. Raises Usage where it did not sign, Unwritable where it is not installed.
    """
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE]
    try:
        done = subprocess.run(
            command, input=statement.text, capture_output=True, timeout=_SIGNING, check=False
        )
    except FileNotFoundError as error:
        raise Unwritable("ssh-keygen is missing", "Approvals are signed with it, and it is not on PATH.") from error
    except subprocess.TimeoutExpired as error:
        raise Usage("Nothing was signed", f"{key} did not sign within {_SIGNING // 60} minutes.") from error
    if done.returncode != 0:
        raise Usage(
            "Nothing was signed",
            f"{key}: {done.stderr.decode(errors='replace').strip() or 'ssh-keygen refused'}",
            hint="Name your private key with --key, or make one:",
            command="agentctl keygen",
        )
    return parse(statement.text + done.stdout, str(key))


def make_key(path: Path, comment: str) -> str:
    """Make an Ed25519 key at ``path`` (0600) without a passphrase; return its public line. Raises Usage, Unwritable."""
    if path.exists() or path.is_symlink():
        raise Usage("There is a key already", f"{path} exists, and a key is never replaced.")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise Unwritable("The key could not be made", done.stderr.decode(errors="replace").strip())
        return path.with_name(f"{path.name}.pub").read_text().strip()
    except FileNotFoundError as error:
        raise Unwritable("ssh-keygen is missing", "Keys are made with it, and it is not on PATH.") from error
    except OSError as error:
        raise Unwritable("The key could not be written", f"{path}: {error.strerror}.") from error


def moment(text: str) -> datetime:
    """Return a statement's time. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _invalid(name: str, why: str) -> Invalid:
    return Invalid("The approval is not valid", f"{name}: {why}.")
