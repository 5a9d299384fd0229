"""A house where people sign: their keys, and the policy that knows them."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.e2e.house import House, Told, update

LEADS = ("ann", "ben")


@cache
def _made(name: str) -> Path:
    """Return a key made once for all tests of this process."""
    path = Path(mkdtemp(prefix="agentctl-keys-")) / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    return path


def make_key(house: House, name: str) -> None:
    for path in (_made(name), _made(name).with_suffix(".pub")):
        shutil.copy2(path, house.home / path.name)


def public(house: House, name: str) -> str:
    return (house.home / f"{name}.pub").read_text().strip()


def with_leads(house: House, count: int = 1, **grant: object) -> House:
    """Have updates need ``count`` signatures of the leads, Ann and Ben; Maria, who is on call, has a key as well."""
    for name in (*LEADS, "maria"):
        make_key(house, name)
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(
        approvals={"count": count, "from": ["leads"]}, **grant))
    house.change("policy.yaml", lambda policy: policy["people"].update(
        {name: {"groups": ["leads"], "keys": [public(house, name)]} for name in LEADS}))
    house.change("policy.yaml", lambda policy: policy["people"]["on-call-1"].update(keys=[public(house, "maria")]))
    return house


def planned(house: House, *steps: dict, **more: object) -> str:
    """Plan ``steps`` and return the digest."""
    house.plan(*(steps or (update("tier"),)), **more)
    told = house.run("plan", "plan.yaml", "--format", "json")
    return told.json["digest"]


def approve(house: House, subject: str, name: str, *more: str, answers: tuple[str, ...] = ("yes",)) -> Told:
    return house.typed("approve", subject, "--as", name, "--key", house.home / name, *more, answers=answers)


def reject(house: House, subject: str, name: str, *more: str, reason: str = "nobody asked for it") -> Told:
    return house.run("reject", subject, "--as", name, "--key", house.home / name, "--reason", reason, *more)
