"""Fetches or starts the systems of these tests by hand. What they are is said elsewhere."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.systems.authorization_server import CLIENT, LIVES, SCOPES, SECRET, authorization_server
from tests.systems.emulator import emulator
from tests.systems.fetched import NotFetched, fetched, names
from tests.systems.github_house import LOGINS, USER
from tests.systems.github_simulator import GitHubSimulator
from tests.systems.github_whole import GitHubWhole, WholeGitHub
from tests.systems.kinto import kinto

_EXAMPLES = Path(__file__).parents[2] / "examples"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/systems", description="Fetches or starts the systems the tests use.")
    what = parser.add_subparsers(dest="what", required=True)
    fetch = what.add_parser("fetch", help="fetch what is not there yet, into .venv/systems")
    fetch.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all where none is named")
    start = what.add_parser("start", help="start one, until Ctrl-C")
    start.add_argument("name", choices=[*STARTS])
    given = parser.parse_args(argv)
    if given.what == "fetch" and (unknown := sorted({*given.names} - {*names()})):
        fetch.error(f"there is no {', '.join(unknown)}; there are {', '.join(names())}")
    try:
        return _fetch(given.names or names()) if given.what == "fetch" else _start(given.name)
    except NotFetched as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _fetch(wanted: list[str]) -> int:
    def one(name: str) -> str:
        began = time.monotonic()
        folder = fetched(name)
        size = sum(path.lstat().st_size for path in folder.rglob("*")) / 1_000_000
        return f"{name:15} {size:5.0f} MB  {time.monotonic() - began:5.1f} s"

    with ThreadPoolExecutor() as pool:
        for line in pool.map(one, wanted):
            print(line, flush=True)
    return 0


def _start(name: str) -> int:
    for ending in (signal.SIGINT, signal.SIGTERM):      # a shell starts what is put in the background deaf to the first
        signal.signal(ending, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="systems-") as folder, STARTS[name](Path(folder) / "log") as facts:
        for fact, value in facts.items():
            print(f"{fact:8} {value}")
        print("Ctrl-C ends it, and all that is in it.", flush=True)
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            return 0


@contextmanager
def _github(log: Path) -> Iterator[Mapping[str, object]]:
    with emulator(log) as house:
        yield {"url": house.url} | {"token": ", ".join(f"{token} ({login})" for token, login in LOGINS.items())}


@contextmanager
def _github_strict(log: Path) -> Iterator[Mapping[str, object]]:
    def strict(answer):
        made = GitHubSimulator(answer)
        made.reset()
        return made

    with emulator(log, behind=strict) as house:
        yield {"url": house.url} | {"token": ", ".join(f"{token} ({login})" for token, login in LOGINS.items())}


def _example(world: Path) -> Callable:
    @contextmanager
    def started(log: Path) -> Iterator[Mapping[str, object]]:
        with emulator(log, behind=GitHubWhole) as house:
            WholeGitHub(front=house.front, direct=house.direct, port=house.port, pid=house.pid).furnish(world)
            yield {"url": house.url, "token": USER}

    return started


@contextmanager
def _kinto(log: Path) -> Iterator[Mapping[str, object]]:
    with kinto(log) as server:
        yield {"url": server.url, "user": server.admin.name, "password": server.admin.password}


@contextmanager
def _authorization(log: Path) -> Iterator[Mapping[str, object]]:
    with authorization_server(log) as server:
        yield {"url": server.token_url, "client": CLIENT, "secret": SECRET, "scopes": " ".join(SCOPES), "tokens": f"live {LIVES} s"}


STARTS: Mapping[str, Callable] = {
    "github": _github, "github-strict": _github_strict, "kinto": _kinto, "authorization": _authorization,
    **{world.parent.name: _example(world) for world in sorted(_EXAMPLES.glob("*/github.yaml"))},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
