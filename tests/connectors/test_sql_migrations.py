"""Migrations run whole or not at all, as they are written, and never out of their transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentctl.connectors.base import Call
from agentctl.connectors.sql import SqlConnector
from agentctl.errors import Rejected
from agentctl.model.action import Reversibility
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.testing import foresee, perform, snapshots
from tests.connectors.sql_worlds import PostgresWorld, SqliteWorld, World

SCHEMA = Address("crm/schema")


def migrate(*up: str, down: tuple[str, ...] = ()) -> Step:
    with_ = {"up": list(up), **({"down": list(down)} if down else {})}
    return Step(id="s", action="crm.migration.run", target="schema", with_=with_)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        yield SqliteWorld(tmp_path)
    else:
        with closing(PostgresWorld(request.getfixturevalue("postgres"))) as world:
            yield world


@pytest.fixture
def crm(world: World) -> Iterator[SqlConnector]:
    with closing(world.connector()) as connector:
        yield connector


def test_a_migration_shows_the_schema_it_found_and_the_one_it_made(crm):
    done = perform(crm, migrate("ALTER TABLE customers ADD COLUMN vip INTEGER", down=("ALTER TABLE customers DROP COLUMN vip",)))
    (record,) = done.change.records
    assert record.address == SCHEMA
    assert "vip" not in record.before["tables"]["customers"]["columns"]
    assert "vip" in done.after[SCHEMA]["tables"]["customers"]["columns"]
    assert done.inverse.kind is Reversibility.COMPENSATING
    undone = perform(crm, done.inverse.step)
    assert undone.after[SCHEMA] == record.before


def test_a_new_column_can_be_used_at_once_afterwards(crm):
    update = Step(id="u", action="crm.row.update", target="customers/42", with_={"vip": 1})
    with pytest.raises(Rejected, match="vip") as early:
        foresee(crm, update)
    assert "plan made after" in early.value.hint
    perform(crm, migrate("ALTER TABLE customers ADD COLUMN vip INTEGER"))
    assert perform(crm, update).after[Address("crm/customers/42")]["vip"] == 1


def test_without_a_way_back_it_says_so(crm):
    change = foresee(crm, migrate("DROP TABLE notes"))
    assert change.inverse.kind is Reversibility.NONE
    assert change.inverse.step is None
    assert any("cannot be undone" in note for note in change.notes)


def test_a_failing_statement_leaves_nothing_of_those_before_it(world, crm):
    before = world.dump()
    with pytest.raises(Rejected, match="Statement 3 of 3"):
        perform(crm, migrate("CREATE TABLE a (id INTEGER)", "DELETE FROM notes", "CREATE TABLE customers (id INTEGER)"))
    assert world.dump() == before


def test_a_schema_changed_since_the_read_stops_the_migration(world, crm):
    step = migrate("DROP TABLE notes")
    before, change = snapshots(crm, step), foresee(crm, step)
    world.run("ALTER TABLE notes ADD COLUMN kept INTEGER")
    with pytest.raises(Rejected, match="Schema changed"):
        crm.execute(change, Call(key="k", before=before, deadline=10))
    assert world.rows("SELECT count(*) FROM notes") == [(1,)]


@pytest.mark.parametrize("statement", [
    "COMMIT", "commit;", "/* hello */ COMMIT", "-- hello\nROLLBACK", "BEGIN", "START TRANSACTION", "END", "SAVEPOINT a",
    "RELEASE a", "ABORT", "ATTACH DATABASE 'other.db' AS other", "DETACH other", "VACUUM", "SET ROLE postgres", "", "  ;  ", "-- x",
    "SELECT 1; SELECT 2", "SELECT ';'; DROP TABLE notes", "SELECT 1;;DROP TABLE notes", "SELECT 1 /* ; */ ; DROP TABLE notes",
    "COPY notes TO PROGRAM 'id'",
])
def test_what_would_leave_the_transaction_is_refused_at_plan(crm, statement):
    with pytest.raises(Rejected):
        foresee(crm, migrate(statement))
    with pytest.raises(Rejected):
        foresee(crm, migrate("SELECT 1", down=(statement,)))


@pytest.mark.parametrize("statement", [
    "INSERT INTO notes VALUES (9, NULL, 'a; b -- c /* d */');",
    "UPDATE notes SET body = 'it''s; fine' -- done; really",
    "UPDATE notes SET body = '%s %(x)s {0}' /* a;b */ ;  ",
])
def test_quotes_and_comments_are_no_second_statement(world, crm, statement):
    before = world.dump()
    perform(crm, migrate(statement))
    assert world.dump() != before


def test_a_body_with_semicolons_is_one_statement(world, crm):
    if isinstance(world, SqliteWorld):
        perform(crm, migrate("CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes WHERE id = 1; SELECT 1; END;"))
    else:
        perform(crm, migrate(
            "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $b$ BEGIN DELETE FROM notes WHERE id = 1; RETURN NEW; END $b$",
            "CREATE TRIGGER t AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION t()",
        ))
    world.run("INSERT INTO notes VALUES (2, NULL, 'x')")
    assert world.rows("SELECT id FROM notes") == [(2,)]


def test_what_the_text_hides_the_database_still_refuses(world, crm):
    """The check at plan reads text; the database itself is asked to keep the transaction too."""
    before = world.dump()
    database = crm._database
    hidden = ["ATTACH DATABASE '/tmp/x.db' AS x", "COMMIT", "PRAGMA writable_schema = ON"]
    if not isinstance(world, SqliteWorld):
        hidden = ["SELECT 1; COMMIT", "DO $$ BEGIN COMMIT; END $$"]
    for statement in hidden:
        with pytest.raises(Rejected), database.writing(10) as connection:
            database.run(connection, "DELETE FROM notes")
            database.run(connection, statement)
        assert world.dump() == before


def test_what_a_statement_leaves_in_the_session_does_not_reach_the_next_step(world, crm):
    if isinstance(world, SqliteWorld):
        leaves = "CREATE TEMP TRIGGER t AFTER UPDATE ON main.customers BEGIN UPDATE customers SET name = 'gotcha'; END"
    else:
        leaves = "SELECT set_config('search_path', 'pg_catalog', false)"
    perform(crm, migrate(leaves))
    perform(crm, Step(id="u", action="crm.row.update", target="customers/42", with_={"tier": "annual"}))
    assert world.rows("SELECT name, tier FROM customers WHERE id = 42") == [("Ada", "annual")]
