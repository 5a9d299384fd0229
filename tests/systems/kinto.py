"""Kinto: a real REST server that nobody here wrote, with preconditions, permissions and tombstones."""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.systems.fetched import fetched
from tests.systems.loopback import Answer, ask
from tests.systems.running import running

ADMIN, PASSWORD = "admin", "s3cr3t-of-kinto"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in; ``token`` is what follows ``Basic``."""

    name: str
    password: str = field(repr=False, default=PASSWORD)

    @property
    def token(self) -> str:
        return b64encode(f"{self.name}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinto:
    """``url`` is the base URL, with the version. Whatever is asked here is asked as the administrator."""

    url: str
    port: int
    pid: int
    admin: Account = field(default=Account(ADMIN))

    def account(self, name: str) -> Account:
        """Let somebody log in who has no rights yet."""
        made = Account(name)
        answer = ask(self.url, "PUT", f"/accounts/{name}", {"data": {"password": made.password}}, headers=_as(self.admin))
        assert answer.status in {200, 201}, answer
        return made

    def bucket(self) -> str:
        """Make a bucket with a name that no other test has, with a collection `things`, and return its name."""
        name = f"bucket-{next(_numbers)}"
        assert self.ask("PUT", f"/buckets/{name}").status == 201
        assert self.ask("PUT", f"/buckets/{name}/collections/things").status == 201
        return name

    def record(self, bucket: str, name: str, collection: str = "things") -> dict[str, Any] | None:
        """Return a record as it is now, or None where there is none."""
        answer = self.ask("GET", f"/buckets/{bucket}/collections/{collection}/records/{name}")
        assert answer.status in {200, 404}, answer
        return answer.body["data"] if answer.status == 200 else None

    def ask(
        self, method: str, path: str, body: object = None, *, account: Account | None = None, **headers: str
    ) -> Answer:
        """Ask what nobody else watches; ``if_match`` names the header if-match."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.url, method, path, body, headers=said | _as(account or self.admin))


@contextmanager
def kinto(log: Path) -> Iterator[Kinto]:
    """Start a Kinto with an administrator and nothing else in it."""
    python = fetched("kinto") / "bin" / "python"
    with running([python, "-I", Path(__file__).with_name("kinto_server.py")], log=log) as server:
        made = Kinto(url=f"{server.url}/v1", port=server.port, pid=server.pid)
        answer = ask(made.url, "PUT", f"/accounts/{ADMIN}", {"data": {"password": PASSWORD}})
        assert answer.status == 201, answer
        yield made


def _as(account: Account) -> dict[str, str]:
    return {"authorization": f"Basic {account.token}"}
