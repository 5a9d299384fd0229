"""The document of a run: what the on-call's one screen knows."""

from __future__ import annotations

import dataclasses

import jsonschema
import pytest

from agentctl.model.canonical import canonical
from agentctl.model.run import RunStatus, StepStatus
from agentctl.resources import schema
from agentctl.views.document.run import run
from agentctl.views.document.runs import runs
from agentctl.views.look import Look
from agentctl.views.terminal.runs import draw_runs
from tests.views import samples

RUNS = [samples.finished_run, samples.troubled_run, samples.open_run, samples.rollback_run]


def commands(document) -> list[str]:
    return [item["command"].split(" ", 1)[1] for item in document["next"]]


@pytest.mark.parametrize("made", RUNS)
def test_a_run_document_fits_its_schema_and_has_a_canonical_form(made):
    document = run(samples.history(), made())
    jsonschema.Draft202012Validator(schema("run-document")).validate(document)
    canonical(document)


def test_a_finished_run_says_how_to_undo_it():
    assert commands(run(samples.history(), samples.finished_run())) == [f"rollback {samples.RUN_ID}"]


def test_a_run_in_doubt_says_what_to_look_at_before_going_on():
    document = run(samples.history(), samples.troubled_run())
    assert document["doubt"] == ["mail"]
    assert document["irreversible"] == ["mail"]
    assert commands(document) == [
        f"resolve {samples.RUN_ID} mail --happened --reason '…'", f"resolve {samples.RUN_ID} mail --did-not --reason '…'",
        f"resolve {samples.RUN_ID} mail --skip --reason '…'", f"apply --resume {samples.RUN_ID}", f"rollback {samples.RUN_ID}",
    ]


def test_a_running_run_can_only_be_stopped():
    document = run(samples.history(), samples.open_run(), running=True)
    assert document["doubt"] == []
    assert [command.split()[0] for command in commands(document)] == ["stop"]


def test_a_run_whose_process_died_is_gone_on_with():
    document = run(samples.history(), samples.open_run(), running=False)
    assert document["doubt"] == ["page"]
    assert [command.split()[0] for command in commands(document)] == ["apply", "rollback"]


def test_a_run_that_was_resumed_points_at_the_later_one():
    old = dataclasses.replace(samples.troubled_run(), resumed_by=("later",))
    assert commands(run(samples.history(), old)) == ["show later"]


def test_a_partial_rollback_is_never_told_as_a_whole_one():
    undone = dataclasses.replace(samples.finished_run(), undone_by=(samples.rollback_run().id,))
    assert commands(run(samples.history(), undone)) == [f"show {samples.rollback_run().id}", f"rollback {samples.RUN_ID}"]
    whole = dataclasses.replace(samples.rollback_run(), status=RunStatus.COMPLETE)
    history = dataclasses.replace(samples.history(), runs=(undone, whole))
    assert commands(run(history, undone)) == [f"show {whole.id}"]


def test_what_others_changed_since_is_not_undone_by_trying_again():
    document = run(samples.history(), samples.rollback_run())
    assert commands(document) == ["drift"]
    assert [item["status"] for item in document["left"]] == ["refused", "not-needed"]


def test_a_rollback_that_failed_is_repeated_on_the_run_it_undoes():
    failed = samples.rollback_run()
    failed = dataclasses.replace(failed, left={}, steps=(dataclasses.replace(failed.steps[0], status=StepStatus.FAILED),))
    assert commands(run(samples.history(), failed)) == [f"rollback {samples.RUN_ID}"]


def test_a_damaged_trace_is_said_first():
    damaged = dataclasses.replace(samples.finished_run(), complete=False)
    document = run(dataclasses.replace(samples.history(), damage=("000003-run.jsonl:4: not canonical",)), damaged)
    assert commands(document)[0] == "verify"
    assert document["damage"] == ["000003-run.jsonl:4: not canonical"]


def test_what_was_found_is_told_apart_from_what_was_planned():
    document = run(samples.history(), samples.troubled_run())
    record = document["steps"][1]["records"][0]
    assert record["changes"] == [{"path": "name", "before": "ada", "after": "Ada"}]
    assert record["deviations"] == [{"path": "name", "before": "Ada ", "after": "Ada"}]


def test_what_was_not_read_back_is_marked_as_planned():
    document = run(samples.history(), samples.open_run())
    assert [record["observed"] for step in document["steps"] for record in step["records"]] == [True, False]


def test_hidden_values_are_counted_and_shown_only_with_their_values_and_specs():
    troubled = samples.troubled_run()
    values = {"hmac:aa": "was", "hmac:bb": "is"}
    without = run(samples.history(), troubled)
    assert without["hidden_values"] == 2
    assert run(samples.history(), troubled, None, values)["hidden_values"] == 2
    with_ = run(samples.history(), troubled, samples.SPECS, values)
    assert with_["hidden_values"] == 0
    assert with_["steps"][0]["records"][0]["changes"] == [{"path": "note", "before": "was", "after": "is"}]


def test_only_one_step_is_cut_out_but_the_figures_stay_the_runs():
    document = run(samples.history(), samples.troubled_run(), only="mail")
    assert [step["id"] for step in document["steps"]] == ["mail"]
    assert document["summary"]["steps"] == 4


def test_steps_an_earlier_run_did_are_not_counted_twice():
    finished = samples.finished_run()
    resumed = dataclasses.replace(finished, carried={"tier": "earlier"})
    assert run(samples.history(), resumed)["summary"]["changed"] == run(samples.history(), finished)["summary"]["changed"] - 1


def test_open_runs_come_first_then_the_latest():
    listed = runs(samples.history().runs)["runs"]
    assert listed[0]["status"] == RunStatus.OPEN
    assert [item["number"] for item in listed[1:]] == sorted((item["number"] for item in listed[1:]), reverse=True)


@pytest.mark.parametrize("status", list(StepStatus))
def test_every_status_a_step_can_have_is_told(status):
    cs, _ = samples.pricing()
    document = run(samples.history(), samples.run_of(cs, samples.step_run(cs.changes[0], status)))
    assert document["summary"]["statuses"] == {status.value: 1}


@pytest.mark.parametrize(("found", "others", "told"), [
    ((), 0, "No runs yet.\n"),
    ((), 1, "None of 1 run is what was asked for.\n"),
    ((), 12, "None of 12 runs is what was asked for.\n"),
])
def test_a_choice_of_none_is_not_told_as_a_workspace_without_runs(found, others, told):
    assert draw_runs(runs(found, others=others), Look(width=80)) == told
