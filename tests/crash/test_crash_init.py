"""A first command that ends badly leaves nothing that the second one could not make a workspace of."""

from __future__ import annotations

import shutil

import pytest

from agentctl.errors import Exit
from tests.crash.shim import Mishap
from tests.e2e.house import update


@pytest.fixture
def bare(ground):
    """A folder with agentctl.yaml, policy, plan and systems, and nothing of ours yet."""
    house = ground.clear()
    shutil.rmtree(house.ours)
    shutil.rmtree(house.home)
    house.home.mkdir()
    house.plan(update("tier"))
    ground.keep("bare")
    return ground


@pytest.mark.parametrize("how", ["kill", "enospc", "eio", "torn"])
def test_an_init_that_ended_badly_anywhere_is_finished_by_the_next(bare, how):
    house = bare.house
    under = (house.ours, house.home)
    calls = bare.run("init", mishap=Mishap(under=under)).calls
    assert calls > 10
    wrong = []
    for at in range(1, calls + 1):
        bare.restore("bare")
        first = bare.run("init", mishap=Mishap(how=how, at=at, under=under))
        told = [first, bare.run("init"), bare.typed("apply", "plan.yaml"), bare.run("verify"), bare.run("state", "list")]
        if first.code == Exit.UNEXPECTED or any(one.code != Exit.OK for one in told[1:]):
            wrong.append(f"{how} at {at}: {[one.code for one in told]}\n{told[0].all[-300:]}\n{told[1].all[-600:]}\n{told[2].all[-300:]}")
    assert not wrong, f"{len(wrong)} of {calls}:\n" + "\n".join(wrong)


def test_an_init_refused_for_a_mistake_in_the_file_makes_nothing_and_once_that_is_mended_makes_all(bare):
    house = bare.house
    text = (house.root / "agentctl.yaml").read_text()
    (house.root / "agentctl.yaml").write_text(text + "colour: blue\n")
    told = bare.run("init")
    assert told.code == Exit.INVALID, told.all
    assert not house.ours.exists()
    (house.root / "agentctl.yaml").write_text(text)
    assert bare.run("init").code == Exit.OK
    assert bare.typed("apply", "plan.yaml").code == Exit.OK


def test_a_workspace_that_lost_its_trace_is_not_begun_anew(bare):
    house = bare.house
    assert bare.run("init").code == Exit.OK
    assert bare.typed("apply", "plan.yaml").code == Exit.OK
    shutil.rmtree(house.ours / "trace")
    assert "already" in bare.run("init").all
    assert bare.run("verify").code == Exit.INTEGRITY
