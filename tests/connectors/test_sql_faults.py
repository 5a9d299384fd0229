"""A database that is away, busy, broken or lost in the middle; and what never gets into an error."""

from __future__ import annotations

import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentctl.connectors.base import Call, Instance
from agentctl.connectors.sql import TYPE, SqlConnector
from agentctl.errors import Invalid, Rejected, Unreachable
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Value
from agentctl.testing import foresee, perform, snapshots
from tests.connectors.sql_worlds import SECRET, PostgresWorld, SqliteWorld

ROW = Address("crm/customers/42")
UPDATE = Step(id="s", action="crm.row.update", target="customers/42", with_={"tier": "annual"})


def opened(root: Path, url: str, **settings: Value) -> SqlConnector:
    return TYPE.open(Instance(name="crm", settings={"url": url, **settings}, root=str(root)))


@pytest.fixture
def pg(postgres: str) -> Iterator[tuple[PostgresWorld, SqlConnector]]:
    with closing(PostgresWorld(postgres)) as world, closing(world.connector()) as crm:
        yield world, crm


def test_a_missing_file_is_out_of_reach_and_is_not_made(tmp_path):
    with closing(opened(tmp_path, "sqlite:///crm.db")) as crm:
        for ask in (lambda: crm.read(ROW), crm.identity, lambda: foresee(crm, UPDATE)):
            with pytest.raises(Unreachable, match=r"no database file crm\.db"):
                ask()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_out_of_reach(tmp_path):
    (tmp_path / "crm.db").write_bytes(b"not a database" * 100)
    with closing(opened(tmp_path, "sqlite:///crm.db")) as crm, pytest.raises(Unreachable):
        crm.read(ROW)


def test_a_file_that_took_the_name_of_another_is_the_one_that_is_read_and_written(tmp_path):
    world = SqliteWorld(tmp_path)
    with closing(world.connector()) as crm:
        perform(crm, UPDATE)
        world.path.rename(tmp_path / "old.db")
        SqliteWorld(tmp_path).run("UPDATE customers SET name = 'Restored' WHERE id = 42")
        assert crm.read(ROW).value["name"] == "Restored"
        perform(crm, UPDATE)
    assert world.rows("SELECT tier, name FROM customers WHERE id = 42") == [("annual", "Restored")]


def test_reading_leaves_the_file_as_it_was(tmp_path):
    world = SqliteWorld(tmp_path)
    bytes_before, files = world.path.read_bytes(), sorted(tmp_path.iterdir())
    with closing(world.connector()) as crm:
        foresee(crm, UPDATE)
        crm.identity()
    assert world.path.read_bytes() == bytes_before
    assert sorted(tmp_path.iterdir()) == files


def test_the_identity_names_the_system_and_holds_no_secret(tmp_path, pg, monkeypatch):
    monkeypatch.setenv("CRM_PASSWORD", "hunter2-canary")
    with closing(SqliteWorld(tmp_path).connector()) as lite:
        identity = lite.identity()
        assert (identity.type, identity.version, identity.endpoint) == ("sql", "SQLite 3", "sqlite:///crm.db")
    world, _ = pg
    with closing(world.connector(password={"env": "CRM_PASSWORD"})) as crm:
        identity = crm.identity()
        assert identity.version.startswith("PostgreSQL ")
        assert identity.whoami == "owner@postgres"
        assert "hunter2-canary" not in repr(identity)


@pytest.mark.parametrize("url, settings", [
    ("postgresql://me:hunter2-canary@db/crm", {}), ("postgresql://db/crm?password=hunter2-canary", {}),
    ("postgresql://db/crm?sslpassword=hunter2-canary", {}), ("postgresql://[::1/hunter2-canary", {}),
    ("sqlite:///:memory:", {}), ("sqlite://", {}), ("sqlite:///crm.db?mode=rwc", {}), ("sqlite://host/crm.db", {}),
    ("sqlite:///crm.db", {"password": {"env": "X"}}), ("postgresql://db:port/crm", {}), ("mysql://db/crm", {}),
])
def test_a_url_that_cannot_be_meant_is_refused_without_repeating_it(tmp_path, url, settings):
    with pytest.raises(Invalid) as refusal:
        opened(tmp_path, url, **settings)
    shown = "".join(traceback.format_exception(refusal.value))
    assert "hunter2-canary" not in str(refusal.value) + refusal.value.hint
    assert "hunter2-canary" not in shown or "port" in url


def test_a_password_that_is_not_there_is_said_and_one_that_is_stays_unsaid(tmp_path, monkeypatch):
    url = "postgresql://me@127.0.0.1:9/crm?connect_timeout=2"
    with closing(opened(tmp_path, url, password={"env": "NO_SUCH"})) as crm, pytest.raises(Unreachable, match="NO_SUCH"):
        crm.identity()
    with closing(opened(tmp_path, url, password={"file": "missing"})) as crm, pytest.raises(Unreachable, match="missing"):
        crm.identity()
    (tmp_path / "secret").write_text("hunter2-canary\n")
    with closing(opened(tmp_path, url, password={"file": "secret"})) as crm:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9/crm") as away:
            crm.identity()
        assert "hunter2-canary" not in "".join(traceback.format_exception(away.value))


def test_a_connection_lost_before_the_commit_has_done_nothing(pg):
    world, crm = pg
    before, change = snapshots(crm, UPDATE), foresee(crm, UPDATE)
    world.run(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
        "CREATE TRIGGER die BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION die()",
    )
    with pytest.raises(Unreachable):
        crm.execute(change, Call(key="k", before=before, deadline=10))
    assert world.rows("SELECT tier FROM customers WHERE id = 42") == [("monthly",)]


def test_a_connection_lost_in_the_commit_has_done_nothing_where_the_server_says_so(pg):
    world, crm = pg
    before, change = snapshots(crm, UPDATE), foresee(crm, UPDATE)
    world.run(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
        "CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON customers DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()",
    )
    with pytest.raises(Unreachable, match="nothing was changed"):
        crm.execute(change, Call(key="k", before=before, deadline=10))
    world.run("DROP TRIGGER die ON customers")
    crm.execute(change, Call(key="k", before=before, deadline=10))
    with pytest.raises(Rejected):
        crm.execute(change, Call(key="k", before=before, deadline=10))
    assert world.rows("SELECT tier FROM customers WHERE id = 42") == [("annual",)]


def test_a_constraint_that_fails_at_commit_has_done_nothing(pg, tmp_path):
    lite = SqliteWorld(tmp_path)
    for world in (pg[0], lite):
        world.run("CREATE TABLE late (id INTEGER PRIMARY KEY, c INTEGER REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED)")
        before = world.dump()
        with closing(world.connector(tables=["late", "customers"])) as crm, pytest.raises(Rejected, match="refused"):
            perform(crm, Step(id="s", action="crm.row.insert", target="late/1", with_={"c": 999}))
        assert world.dump() == before


def test_a_server_that_went_away_between_two_calls_is_reached_again(pg):
    world, crm = pg
    crm.read(ROW)
    world.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
    assert crm.read(ROW).exists


def test_what_the_database_says_of_hidden_values_stays_unsaid(pg, tmp_path):
    lite = SqliteWorld(tmp_path)
    for world in (pg[0], lite):
        world.run("CREATE UNIQUE INDEX one_iban ON customers (iban)", "CREATE UNIQUE INDEX one_name ON customers (name)")
        with closing(world.connector()) as crm:
            for column, value in (("iban", SECRET), ("name", "Ada")):
                with pytest.raises(Rejected) as refusal:
                    perform(crm, Step(id="s", action="crm.row.update", target="customers/43", with_={column: value}))
                assert SECRET not in str(refusal.value)
                assert "one_" in str(refusal.value) or column in str(refusal.value)
            with pytest.raises(Rejected) as refusal:
                foresee(crm, Step(id="s", action="crm.row.update", target="customers/43", with_={"price": SECRET}))
            assert SECRET not in str(refusal.value)


def test_a_token_tells_nothing_of_a_hidden_value_and_the_statement_still_compares_it(tmp_path):
    world = SqliteWorld(tmp_path)
    with closing(world.connector()) as crm:
        before, change = snapshots(crm, UPDATE), foresee(crm, UPDATE)
        world.run("UPDATE customers SET iban = 'other' WHERE id = 42")
        assert crm.read(ROW).token == before[ROW].token
        with pytest.raises(Rejected, match="iban"):
            crm.execute(change, Call(key="k", before=before, deadline=10))


def test_a_hidden_key_is_refused_because_keys_are_shown(tmp_path):
    with closing(SqliteWorld(tmp_path).connector(sealed=["customers.id"])) as crm:
        with pytest.raises(Rejected, match=r"customers\.id is sensitive or sealed"):
            crm.read(ROW)
        assert crm.read(Address("crm/orders/7")).exists


def test_the_database_words_are_kept_back_only_where_something_is_hidden(pg):
    world, _ = pg
    world.run("ALTER TABLE customers ADD CONSTRAINT sane CHECK (tier <> 'crazy')")
    crazy = Step(id="s", action="crm.row.update", target="customers/43", with_={"tier": "crazy"})
    with closing(world.connector(sensitive=[])) as crm, pytest.raises(Rejected, match="violates check constraint"):
        perform(crm, crazy)
    with closing(world.connector()) as crm, pytest.raises(Rejected, match=r"CheckViolation \(constraint sane"):
        perform(crm, crazy)


def test_naming_the_records_of_a_step_needs_no_database(tmp_path):
    steps = {
        ("row.update", "customers/42"): ["customers/42"],
        ("row.insert", "customers"): ["customers/new:s"],
        ("row.insert", "customers/50"): ["customers/50"],
        ("row.delete", "customers/42"): ["customers/42", "customers/42/dependents"],
    }
    with closing(opened(tmp_path, "postgresql://nobody@nowhere.invalid/crm")) as crm:
        for (verb, target), expected in steps.items():
            step = Step(id="s", action=f"crm.{verb}", target=target, with_={"tier": "x"})
            assert [address.removeprefix("crm/") for address in crm.addresses(step)] == expected
        many = Step(id="s", action="crm.rows.update", target="customers", with_={"where": {"a": "x/*?", "b": 1}})
        assert crm.addresses(many) == ('crm/customers/?{"a":"x%2F%2A%3F","b":1}',)


def test_opening_costs_neither_sqlalchemy_nor_a_connection(tmp_path):
    code = (
        "import sys; from agentctl.connectors.base import Instance; from agentctl.connectors.sql import TYPE\n"
        "for url in ('sqlite:///no.db', 'postgresql://nobody@nowhere.invalid/x'):\n"
        "    TYPE.open(Instance(name='crm', settings={'url': url}, root='.')).actions\n"
        "print(sorted({'sqlalchemy', 'psycopg', 'sqlite3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "['sqlite3']\n"
    assert list(tmp_path.iterdir()) == []
