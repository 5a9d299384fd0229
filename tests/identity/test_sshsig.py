from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Unwritable
from agentctl.identity import sshsig

SEED = bytes(range(32))
OURS = sshsig.public_key(SEED)
NAMESPACE = "agentctl-checkpoint"
MESSAGE = b'{"head":"sha256:00"}'

needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


def keygen(*arguments, **options):
    return subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, check=False, **options)


@pytest.fixture(scope="module", params=[("ed25519", "256"), ("ecdsa", "256"), ("rsa", "2048")], ids=lambda kind: kind[0])
def theirs(request, tmp_path_factory):
    """A key made by ssh-keygen itself, with a signature of MESSAGE."""
    kind, bits = request.param
    folder = tmp_path_factory.mktemp(kind)
    keygen("-q", "-t", kind, "-b", bits, "-N", "", "-f", folder / "id").check_returncode()
    done = keygen("-Y", "sign", "-f", folder / "id", "-n", NAMESPACE, input=MESSAGE)
    done.check_returncode()
    return (folder / "id.pub").read_text(), done.stdout


@needs_ssh
def test_ssh_keygen_accepts_what_we_sign(tmp_path):
    (tmp_path / "allowed").write_text(f"agentctl {OURS}\n")
    (tmp_path / "sig").write_bytes(sshsig.sign(MESSAGE, seed=SEED, namespace=NAMESPACE))
    check = ("-Y", "verify", "-f", tmp_path / "allowed", "-I", "agentctl", "-n", NAMESPACE, "-s", tmp_path / "sig")
    assert keygen(*check, input=MESSAGE).returncode == 0
    assert keygen(*check, input=MESSAGE + b" ").returncode != 0


@needs_ssh
def test_we_accept_what_ssh_keygen_signs(theirs):
    public, armored = theirs
    verify = lambda **change: sshsig.verify(  # noqa: E731
        **{"message": MESSAGE, "armored": armored, "public_key": public, "namespace": NAMESPACE, **change}
    )
    assert verify()
    assert not verify(message=MESSAGE + b" ")
    assert not verify(namespace="agentctl-approval")
    assert not verify(public_key=OURS)
    assert sshsig.parse(armored).signed == " ".join(public.split()[:2])


def test_our_signature_is_good_for_its_message_key_and_namespace_only():
    armored = sshsig.sign(MESSAGE, seed=SEED, namespace=NAMESPACE)
    assert sshsig.verify(MESSAGE, armored, public_key=OURS, namespace=NAMESPACE)
    assert not sshsig.verify(MESSAGE[:-1], armored, public_key=OURS, namespace=NAMESPACE)
    assert not sshsig.verify(MESSAGE, armored, public_key=sshsig.public_key(bytes(32)), namespace=NAMESPACE)
    assert not sshsig.verify(MESSAGE, armored, public_key=OURS, namespace="git")


def test_a_flip_of_any_bit_of_a_signature_is_found():
    armored = sshsig.sign(MESSAGE, seed=SEED, namespace=NAMESPACE)
    for place in range(len(armored) * 8):
        damaged = bytearray(armored)
        damaged[place // 8] ^= 1 << place % 8
        assert not sshsig.verify(MESSAGE, bytes(damaged), public_key=OURS, namespace=NAMESPACE), place


def test_a_signature_has_one_spelling():
    """Base64 leaves bits over before its padding: other letters there would be other bytes of the same signature."""
    namespace = next(name for name in ("a", "aa", "aaa") if b"=\n" in sshsig.sign(MESSAGE, seed=SEED, namespace=name))
    armored = sshsig.sign(MESSAGE, seed=SEED, namespace=namespace)
    place = armored.index(b"=") - 1
    other = armored[:place] + bytes([armored[place] + 1]) + armored[place + 1 :]
    assert sshsig.verify(MESSAGE, armored, public_key=OURS, namespace=namespace)
    assert not sshsig.verify(MESSAGE, other, public_key=OURS, namespace=namespace)


@given(st.binary(max_size=400))
def test_rubbish_is_no_signature(data):
    assert not sshsig.verify(MESSAGE, data, public_key=OURS, namespace=NAMESPACE)


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 !", "ssh-rsa " + OURS.split()[1], "ssh-ed25519 AAAA"])
def test_rubbish_is_no_public_key(line):
    armored = sshsig.sign(MESSAGE, seed=SEED, namespace=NAMESPACE)
    assert not sshsig.verify(MESSAGE, armored, public_key=line, namespace=NAMESPACE)
    with pytest.raises(sshsig.NotASignature):
        sshsig.key_blob(line)


@needs_ssh
def test_a_missing_ssh_keygen_is_said_where_it_is_needed_and_is_no_bad_signature(theirs, monkeypatch):
    public, armored = theirs
    monkeypatch.setenv("PATH", "")
    if public.startswith("ssh-ed25519"):
        assert sshsig.verify(MESSAGE, armored, public_key=public, namespace=NAMESPACE)
    else:
        with pytest.raises(Unwritable, match="ssh-keygen is missing"):
            sshsig.verify(MESSAGE, armored, public_key=public, namespace=NAMESPACE)
