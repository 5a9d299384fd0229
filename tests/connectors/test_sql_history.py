"""Whatever steps are done, their inverses in reverse bring the database back exactly: rows, types, references."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.errors import Rejected
from agentctl.model.change import Effect
from agentctl.model.plan import Step
from agentctl.model.values import Value, same
from agentctl.testing import perform
from tests.connectors.sql_worlds import PostgresWorld, SqliteWorld, World

CUSTOMERS, ORDERS = st.integers(42, 46), st.integers(7, 10)
FIELDS: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries({}, optional={
    "name": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    "region": st.sampled_from(["eu", "us", None]),
    "tier": st.sampled_from(["monthly", "annual"]),
    "price": st.none() | st.decimals(min_value=-99, max_value=99, places=2),
    "iban": st.none() | st.text("AB'\";", max_size=3),
    "renewal": st.none() | st.dates(),
})
WHERE = st.one_of(
    st.builds(lambda region: {"region": region}, st.sampled_from(["eu", "us", None])),
    st.builds(lambda price: {"price": {"lt": price}}, st.integers(-50, 90)),
    st.builds(lambda one, two: {"any": [{"id": one}, {"tier": {"ne": two}}]}, CUSTOMERS, st.sampled_from(["monthly", "x"])),
)


def _step(action: str, target: str, **with_: Value) -> Step:
    return Step(id="s", action=f"crm.{action}", target=target, with_=with_)


STEPS = st.one_of(
    st.builds(lambda key, fields: _step("row.update", f"customers/{key}", **{"tier": "x", **fields}), CUSTOMERS, FIELDS),
    st.builds(lambda key, fields: _step("row.insert", f"customers/{key}", **{"name": "n", **fields}), CUSTOMERS, FIELDS),
    st.builds(lambda key: _step("row.delete", f"customers/{key}"), CUSTOMERS),
    st.builds(lambda key, owner: _step("row.insert", f"orders/{key}", customer_id=owner), ORDERS, CUSTOMERS),
    st.builds(lambda order, n: _step("row.insert", f"lines/{order},{n}", what="w", amount=n), ORDERS, st.integers(1, 3)),
    st.builds(lambda key, owner: _step("row.update", f"orders/{key}", customer_id=owner), ORDERS, CUSTOMERS),
    st.builds(lambda key, owner: _step("row.insert", f"notes/{key}", customer_id=owner, body="b"), ORDERS, CUSTOMERS),
    st.builds(lambda key: _step("row.delete", f"orders/{key}"), ORDERS),
    st.builds(lambda where, fields: _step("rows.update", "customers", where=where, set={"tier": "y", **fields}, max_rows=9), WHERE, FIELDS),
    st.builds(lambda where: _step("rows.delete", "customers", where=where, max_rows=9), WHERE),
)


@pytest.fixture
def lite(tmp_path: Path) -> SqliteWorld:
    return SqliteWorld(tmp_path)


@pytest.fixture
def pg(postgres: str) -> Iterator[PostgresWorld]:
    with closing(PostgresWorld(postgres)) as world:
        yield world


@given(st.lists(STEPS, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_inverses_in_reverse_restore_a_sqlite_file(lite, steps):
    _there_and_back(lite, steps)


@given(st.lists(STEPS, min_size=1, max_size=8))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_inverses_in_reverse_restore_a_postgresql_database(pg, steps):
    _there_and_back(pg, steps)


def _there_and_back(world: World, steps: list[Step]) -> None:
    before = world.dump()
    with closing(world.connector()) as crm:
        inverses = []
        for step in steps:
            try:
                done = perform(crm, step)
            except Rejected:
                continue
            for record in done.change.records:
                assert same(done.after[record.address], record.after), (step, record)
            if done.change.effect is not Effect.NO_OP:
                inverses.append((done.inverse.step, world.dump()))
        redo = []
        for inverse, _ in reversed(inverses):
            redo.append(perform(crm, inverse).inverse.step)
        assert world.dump() == before
        for inverse, (_, after) in zip(reversed(redo), inverses, strict=True):
            perform(crm, inverse)
            assert world.dump() == after
        for inverse, _ in reversed(inverses):
            perform(crm, inverse)
        assert world.dump() == before
