"""A real PostgreSQL behind a network that loses COMMITs: nothing doubled, nothing claimed that is not so."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from agentctl.connectors.layers import Deadline
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.engine.ports import Systems
from agentctl.errors import Incomplete
from agentctl.model.run import RunStatus, StepStatus
from agentctl.workspace.resolving import resolve
from agentctl.workspace.workspace import Workspace
from tests.connectors.sql_servers import postgres
from tests.connectors.sql_worlds import PostgresWorld
from tests.doubt.between import Cut, between
from tests.engine.conftest import POLICY, World

__all__ = ["postgres"]

UPDATE = "  - {id: s, action: crm.row.update, target: customers/42, with: {price: 15}}\n"
INSERT = "  - {id: s, action: crm.row.insert, target: notes/5, with: {body: once}}\n"


class Hasty(Wrapped):
    """Waits for an effect no longer than a test can."""

    def execute(self, change, call):
        return super().execute(change, replace(call, deadline=0.7))


class Ledger(World):
    """A workspace whose database is behind the proxy."""

    def __init__(self, root, database: PostgresWorld, url: str) -> None:
        self.database, self.url, self.opened = database, url, []
        super().__init__(root)
        self.policy(POLICY.replace('["mem.record.*"]', '["crm.*"]').replace("mem.", "crm."))

    @property
    def workspace(self) -> Workspace:
        workspace = Workspace.open(self.root, self.environ)
        crm = self.database.connector(url=self.url, sensitive=[])
        self.opened.append(crm)
        workspace.__dict__["systems"] = Systems({"crm": Hasty(Deadline(crm))})
        return workspace

    def effects(self) -> int:
        return self.database.rows("SELECT count(*) FROM effects")[0][0]


@pytest.fixture
def ledger(postgres, tmp_path):
    folder = parse_qs(urlsplit(postgres).query)["host"][0]
    with closing(PostgresWorld(postgres)) as database, ExitStack() as ends:
        proxy = ends.enter_context(between(f"{folder}/.s.PGSQL.5432"))
        database.run(
            "CREATE TABLE effects (id serial)",
            "CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO effects DEFAULT VALUES; RETURN NEW; END $$",
            "CREATE TRIGGER a AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION count_it()",
            "CREATE TRIGGER b AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION count_it()",
        )
        url = f"postgresql://owner@127.0.0.1:{proxy.port}/postgres?sslmode=disable&gssencmode=disable"
        ledger = Ledger(tmp_path / "workspace", database, url)
        ledger.proxy = proxy
        yield ledger
        ends.close()        # who still waits for an answer hears now that there is none
        for crm in ledger.opened:
            crm.close()


@pytest.mark.parametrize("steps", [UPDATE, INSERT], ids=["update", "insert"])
def test_a_commit_whose_reply_was_lost_is_known_from_the_server_itself(ledger, steps):
    ledger.proxy.cut = Cut.AFTER
    assert ledger.apply(steps).ending.status is RunStatus.COMPLETE
    assert ledger.run().step("s").status is StepStatus.CONFIRMED
    assert ledger.effects() == 1


@pytest.mark.parametrize("steps", [UPDATE, INSERT], ids=["update", "insert"])
def test_a_commit_that_never_arrived_has_done_nothing_and_is_done_by_resuming(ledger, steps):
    ledger.proxy.cut = Cut.BEFORE
    ledger.apply(steps)
    assert ledger.run().step("s").status in (StepStatus.FAILED, StepStatus.IN_DOUBT)
    if ledger.run().step("s").status is StepStatus.IN_DOUBT and steps is INSERT:
        resolve(ledger.workspace, "latest", "s", "did-not", "looked")
    assert ledger.resume().ending.status is RunStatus.COMPLETE
    assert ledger.effects() == 1


@pytest.mark.parametrize("steps", [UPDATE, INSERT], ids=["update", "insert"])
def test_a_commit_that_is_never_answered_is_left_to_a_person(ledger, steps):
    ledger.proxy.cut = Cut.SILENT
    ledger.apply(steps)
    assert ledger.run().step("s").status is StepStatus.IN_DOUBT
    with pytest.raises(Incomplete):
        ledger.resume()
    resolve(ledger.workspace, "latest", "s", "happened", "the row is there")
    assert ledger.resume().ending.status is RunStatus.COMPLETE
    assert ledger.effects() == 1


def test_a_commit_that_lands_late_is_neither_repeated_nor_forgotten(ledger):
    ledger.proxy.cut = Cut.LATE
    ledger.apply(UPDATE)
    assert ledger.run().step("s").status is StepStatus.IN_DOUBT
    assert ledger.resume().ending.status is RunStatus.INCOMPLETE      # its row is still held: nothing can be said
    assert ledger.run().step("s").status is StepStatus.IN_DOUBT
    ledger.proxy.landing.set()
    assert ledger.proxy.landed.wait(10)
    with pytest.raises(Incomplete, match="not who brought it about"):
        ledger.resume()
    assert ledger.effects() == 1
