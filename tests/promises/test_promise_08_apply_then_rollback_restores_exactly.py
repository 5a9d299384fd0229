"""Apply then rollback restores files with their modes, the repository and every row, whatever the plan was."""

from __future__ import annotations

import base64

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from agentctl.engine.rollback import Selection
from agentctl.errors import Invalid
from agentctl.model.run import RunStatus
from tests.e2e.house import step, update
from tests.promises.inside import apply, rollback

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), max_size=30)
CONTENTS = TEXTS | st.just("a\r\nb\r\n") | st.binary(max_size=20).map(
    lambda data: {"$bytes": base64.b64encode(data).decode()}
)
PATHS = st.sampled_from(["index.html", "config.yaml", "new.txt", "deep/er/new.txt", "Ünï.txt"])
ROWS = st.integers(1, 4).map(lambda key: f"customers/{key}")
KEYS = st.sampled_from(["customers/1", "customers/7", "orders/a"])
NUMBERS = st.decimals(-10**6, 10**6, places=2).map(lambda number: {"$decimal": str(number)})
FIELDS = st.fixed_dictionaries({}, optional={"tier": st.none() | TEXTS, "balance": st.none() | NUMBERS | st.integers(-9, 9)}).filter(bool)
COMMITS = st.lists(st.sampled_from(["site/index.html", "site/config.yaml", "site/new.txt", "notes.txt"]), min_size=1, max_size=2, unique=True)

ACTS = st.one_of(
    st.tuples(st.just("site.file.create"), PATHS, st.fixed_dictionaries({"content": CONTENTS}, optional={"mode": st.sampled_from(["0600", "0755"])})),
    st.tuples(st.just("site.file.write"), PATHS, st.fixed_dictionaries({"content": CONTENTS})),
    st.tuples(st.just("site.file.delete"), PATHS, st.just({})),
    st.tuples(st.just("site.file.move"), PATHS, st.fixed_dictionaries({"to": PATHS})),
    st.tuples(st.just("site.file.mode"), PATHS, st.fixed_dictionaries({"mode": st.sampled_from(["0640", "0700"])})),
    st.tuples(st.just("site.text.replace"), st.just("index.html"), st.just({"find": "$12", "replace": "$10", "count": 1})),
    st.tuples(st.just("site.yaml.set"), st.just("config.yaml"), st.fixed_dictionaries({"path": st.just(["price"]), "value": NUMBERS})),
    st.tuples(st.just("site.yaml.unset"), st.just("config.yaml"), st.just({"path": ["name"]})),
    st.tuples(st.just("code.commit.create"), st.just("main"), st.fixed_dictionaries({"paths": COMMITS, "message": st.just("m")})),
    st.tuples(st.just("code.branch.create"), st.sampled_from(["a", "b"]), st.just({"from": "main"})),
    st.tuples(st.just("code.branch.delete"), st.sampled_from(["a", "old"]), st.just({})),
    st.tuples(st.just("crm.row.insert"), st.just("customers"), st.fixed_dictionaries({"name": TEXTS}, optional={"balance": NUMBERS})),
    st.tuples(st.just("crm.row.update"), ROWS, FIELDS),
    st.tuples(st.just("crm.row.delete"), ROWS, st.just({})),
    st.tuples(st.just("crm.rows.update"), st.just("customers"), st.fixed_dictionaries({"where": st.just({"tier": "monthly"}), "set": FIELDS, "max_rows": st.just(9)})),
    st.tuples(st.just("mem.record.create"), KEYS, FIELDS),
    st.tuples(st.just("mem.record.update"), KEYS, FIELDS),
    st.tuples(st.just("mem.record.delete"), KEYS, st.just({})),
)


@st.composite
def plans(draw):
    acts = draw(st.lists(ACTS, min_size=1, max_size=6))
    return [step(f"s{number}", *act) for number, act in enumerate(acts)]


@pytest.fixture
def lived_in(house):
    """Make the repository one that somebody works in: another branch, staged and unstaged changes of their own."""
    house.git("branch", "old")
    (house.root / "code/notes.txt").write_text("being edited\n")
    (house.root / "code/staged.txt").write_text("staged\n")
    house.git("add", "staged.txt")
    (house.root / "code/site/config.yaml").chmod(0o640)
    return house


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(steps=plans())
def test_apply_then_rollback_restores_every_system_exactly(lived_in, steps):
    before = lived_in.world()
    try:
        ended = apply(lived_in, steps)
    except Invalid:     # the plan cannot be carried out, and nothing was
        assert lived_in.world() == before
        reject()
    assert ended.ending.status is RunStatus.COMPLETE, ended
    undone = rollback(lived_in)
    assert undone is None or undone.ending.status is RunStatus.COMPLETE, undone
    assert lived_in.world() == before


def test_a_run_undone_in_two_parts_is_restored_exactly_where_its_steps_share_a_record(lived_in):
    before = lived_in.world()
    prices = [step(f"s{price}", "site.yaml.set", "config.yaml", {"path": ["price"], "value": price}) for price in (1, 2, 3)]
    run = apply(lived_in, prices).run
    rollback(lived_in, run, Selection(from_="s2"))
    rollback(lived_in, run)
    assert lived_in.world() == before


def test_a_later_change_by_someone_else_is_kept_and_partial_is_never_complete(lived_in):
    before = lived_in.world()
    apply(lived_in, [update("tier"), step("row", "crm.row.update", "customers/1", {"tier": "annual"}, needs=[])])
    lived_in.sql("UPDATE customers SET tier = 'theirs' WHERE id = 1")
    undone = rollback(lived_in)
    assert undone is not None
    assert undone.ending.status is RunStatus.INCOMPLETE
    assert lived_in.memory() == before["memory"]
    assert lived_in.sql("SELECT tier FROM customers WHERE id = 1") == [("theirs",)]
