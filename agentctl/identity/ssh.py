"""What ``ssh-keygen`` does for a person: sign with any key ssh can use, make one. Checking is ``sshsig``'s part."""

from __future__ import annotations

from pathlib import Path

from agentctl.errors import Unwritable, Usage
from agentctl.identity import sshsig

_SIGNING = 300      # seconds a person has to type a passphrase or touch a key


def sign(message: bytes, key: Path, namespace: str) -> bytes:
    """Return the armored signature by the private ``key``, or by the agent's or device's where it is a public one.

    It may ask for a passphrase or a touch. Raises Usage where it did not sign, Unwritable where it is not installed.
    """
    import subprocess

    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", namespace]
    try:
        done = subprocess.run(command, input=message, capture_output=True, timeout=_SIGNING, check=False)
    except FileNotFoundError as error:
        raise Unwritable("ssh-keygen is missing", "It is what signs, and it is not on PATH.") from error
    except subprocess.TimeoutExpired as error:
        raise Usage("Nothing was signed", f"{key} did not sign within {_SIGNING // 60} minutes.") from error
    if done.returncode != 0:
        raise Usage(
            "Nothing was signed",
            f"{key}: {done.stderr.decode(errors='replace').strip() or 'ssh-keygen refused'}",
            hint="Name your private key with --key, or make one:",
            command="agentctl keygen",
        )
    return done.stdout


def make_key(path: Path, comment: str) -> str:
    """Make an Ed25519 key at ``path`` (0600) without a passphrase; return its public line. Raises Usage, Unwritable."""
    import subprocess

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


def same_key(one: str, other: str) -> bool:
    """Whether two public key lines are of one key, whatever their comments."""
    try:
        return sshsig.key_blob(one) == sshsig.key_blob(other)
    except sshsig.NotASignature:
        return False
