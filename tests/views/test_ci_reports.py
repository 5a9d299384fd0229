"""Results as CI systems read them: kept as files, parsed as their readers would, and with every string hostile."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agentctl.errors import Unreachable
from agentctl.model.authorship import Authorship, authorship_to_wire
from agentctl.views.annotations import annotate
from agentctl.views.document.changeset import changeset
from agentctl.views.document.diagnostics import diagnostics
from agentctl.views.document.errors import error
from agentctl.views.markdown import markdown
from agentctl.views.markdown_text import block, code
from agentctl.views.report import Report, report
from tests.views import policy_samples, samples
from tests.views.test_drawings_golden import DIAGNOSTICS, FOLDER
from tests.views.test_hostile_text import HOSTILE, poisoned, poisoned_keys

FORMATS = (Report.SARIF, Report.JUNIT, Report.GITHUB, Report.MARKDOWN)
ENDINGS = {Report.SARIF: "sarif", Report.JUNIT: "xml", Report.GITHUB: "log", Report.MARKDOWN: "md"}
FENCE = (
    "```\n``````\n</details>\n<img src=x onerror=alert(1)> @octocat #1 ![x](http://evil/x.png) [y](http://evil) | a | b |\n"
    "::error::owned\n##[error]owned\n%0A::set-output name=x::y --> <!-- ]]> {0} https://evil.example www.evil.example"
)


def placed(document):
    for number, step in enumerate(document["steps"]):
        step["place"] = {"file": "plans/plan.yaml", "line": 9 + number * 5, "column": 5}
    return document


def reviewed(made):
    planned, rulings = made()
    return placed(changeset(planned, rulings, samples.SPECS))


UNREACHABLE = error(Unreachable("The system could not be reached", "crm: the connection was refused."))
EDITED = Authorship(key="SHA256:0bWO5auJcgC9i0Fxus5AXSGfI5BQ0dS7Ex0dYY33MLQ", editors=("maria", "tom"))
DOCUMENTS = {
    "pricing": lambda: reviewed(samples.pricing),
    "risky": lambda: reviewed(samples.risky),
    "edited": lambda: reviewed(samples.edited) | {"author": authorship_to_wire(EDITED)},
    "diagnostics": lambda: diagnostics(DIAGNOSTICS, ["plan.yaml", "other.yaml"]),
    "unreachable": lambda: UNREACHABLE,
    "policy-test": policy_samples.tested,
    "policy-lint": policy_samples.linted,
    "policy-replay": policy_samples.replayed,
}
# Words of ours in the documents about policy: no stranger can put others there.
OURS = {"part", "shift", "capability", "control"}


def written(document, format):
    return report(document, format, ["plans/plan.yaml"], below="")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_report_is_as_it_was_last_looked_at(name, format, update_golden):
    text = written(DOCUMENTS[name](), format).replace(f'"{_version()}"', '"VERSION"')
    path = Path(FOLDER) / f"ci-{name}.{ENDINGS[format]}"
    if update_golden:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"if this is better, run with --update-golden: {path.name}"


def _version():
    from agentctl import __version__

    return __version__


def hostile(name):
    """Return the document with every foreign string hostile to terminals and to every one of the formats."""
    document = poisoned_keys(poisoned(copy.deepcopy(DOCUMENTS[name]())))
    if name.startswith("policy-"):
        document = with_our_words(document, DOCUMENTS[name]())
    return json.loads(json.dumps(document).replace(json.dumps(HOSTILE)[1:-1], json.dumps(HOSTILE + FENCE)[1:-1]))


def with_our_words(hostile, honest, key=""):
    """Give back the words that are ours, and the line and column at the end of a place whose file is hostile."""
    if isinstance(hostile, dict):
        return {name: with_our_words(item, honest.get(name), name) for name, item in hostile.items()}
    if isinstance(hostile, list):
        return [with_our_words(*pair, key) for pair in zip(hostile, honest, strict=True)]
    if key in OURS:
        return honest
    if key in ("place", "new_place"):
        return honest and HOSTILE + honest
    return hostile


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_workflow_command_can_be_neither_ended_nor_begun_by_foreign_text(name):
    found = annotate(hostile(name))
    lines = written(hostile(name), Report.GITHUB).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(found)
    for line in lines:
        assert line.isprintable()
        properties, _, data = line.removeprefix("::").partition("::")
        assert re.fullmatch(r"(error|warning|notice) (file=[^:,]+,line=\d+,col=\d+,)?title=[^:,]+", properties)
        assert not re.search(r"%(?!25)", data)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_junit_stays_well_formed_and_keeps_its_cases_whatever_the_text(name):
    plain, bad = (ET.fromstring(written(document, Report.JUNIT)) for document in (DOCUMENTS[name](), hostile(name)))
    assert [case.tag for case in bad.iter()].count("testcase") >= [case.tag for case in plain.iter()].count("testcase")
    for suite in bad.iter("testsuite"):
        for verdict, plural in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(plural)) == len(list(suite.iter(verdict)))
        assert int(suite.get("tests")) == len(list(suite.iter("testcase")))
    for element in bad.iter():
        for text in (element.text or "", element.tail or "", *element.attrib.values()):
            assert all(part.isprintable() for part in text.split("\n"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sarif_has_no_link_no_placeholder_and_nothing_invisible_from_foreign_text(name):
    run, = json.loads(written(hostile(name), Report.SARIF))["runs"]
    assert len(run["results"]) == len(annotate(hostile(name)))
    for result in run["results"]:
        text = result["message"]["text"]
        assert text.isprintable()
        assert not re.search(r"(?<!\\)\]\(", text)
        assert not re.search(r"(?<!\{)\{\d", text)
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result.get("locations", ()):
            assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", location["physicalLocation"]["artifactLocation"]["uri"])


_OURS = re.compile(r"<!-- agentctl:[0-9a-f]{12} -->|<details><summary>The changes</summary>|</details>")


def assert_code_only(text):
    """Every foreign word is in code, as CommonMark reads it: outside of it there is no HTML, link, image or mention."""
    html = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        assert token.type != "heading_open" or token.tag == "h3"
        assert token.type != "table_open" or "### agentctl policy " in text
        if token.type == "html_block":
            html += token.content.strip().split("\n")
        for child in token.children or ():
            assert child.type not in ("link_open", "image", "html_inline"), child
            if child.type == "text":
                assert not re.search(r"[@#<>]|evil|owned|://", child.content), child.content
    assert all(_OURS.fullmatch(line) for line in html), html
    assert len(html) in (1, 3)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_mention_link_image_or_html_from_foreign_text_reaches_markdown(name):
    assert_code_only(written(DOCUMENTS[name](), Report.MARKDOWN))
    assert_code_only(written(hostile(name), Report.MARKDOWN))


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.one_of(st.sampled_from("`~|<>!@#[]()\\\n\r \t-*_&;%:"), st.characters())))
def test_any_text_is_one_code_span_and_any_lines_are_one_fence(text):
    parsed = MarkdownIt("commonmark").parse(f"- a {code(text)} b")
    inline, = [token for token in parsed if token.type == "inline"]
    assert {child.type for child in inline.children} <= {"text", "code_inline"}
    assert sum(child.type == "code_inline" for child in inline.children) == (code(text) != "(nothing)")
    fence, = MarkdownIt("commonmark").parse("\n".join(block(text.split("\n"))))
    assert fence.type == "fence"


def test_a_large_plan_fits_into_a_comment_and_says_what_is_left_out_and_how_to_see_it():
    document = reviewed(lambda: samples.bulk(60))
    sample = document["steps"][0]
    document["steps"] = [
        {**sample, "id": f"step{number}", "target": f"customers/{number}" + "価`" * 200, "notes": ["`" * 390]} for number in range(3000)
    ]
    document["groups"] = []
    document["claims"]["intent"] = "価`" * 100_000
    text = written(document, Report.MARKDOWN)
    assert len(text.encode()) <= 65_536
    assert f"lines left out. To see all of it: agentctl show {document['short']} --diff full" in text
    assert document["digest"] in text
    assert document["next"][-1]["command"] in text
    assert_code_only(text)


def test_thousands_of_findings_fit_into_a_comment_and_are_counted():
    document = diagnostics(DIAGNOSTICS * 2_000, ["plan.yaml"])
    text = markdown(document, ["plan.yaml"])
    assert len(text.encode()) <= 65_536
    shown = sum(line.startswith(("- error", "- warning")) for line in text.splitlines())
    assert f"… {4_000 - shown:,} more" in text


def test_the_gravest_come_first_and_a_log_is_kept_short():
    lines = written(diagnostics(DIAGNOSTICS[::-1] * 100), Report.GITHUB).splitlines()
    assert len(lines) == 51
    assert all(line.startswith("::error ") for line in lines[:50])
    assert "150 more findings" in lines[50]


def test_a_comment_is_found_again_by_a_line_that_only_the_plans_name_decides():
    first = [written(document, Report.MARKDOWN).splitlines()[0] for document in (DOCUMENTS["pricing"](), UNREACHABLE)]
    assert first[0] == first[1]
    assert report(DOCUMENTS["risky"](), Report.MARKDOWN, ["other.yaml"]).splitlines()[0] != first[0]


def test_annotations_are_placed_from_the_root_of_the_repository():
    text = report(diagnostics(DIAGNOSTICS, ["plan.yaml"]), Report.GITHUB, ["plan.yaml"], below="deploy/staging")
    assert "file=deploy/staging/plan.yaml,line=14,col=13," in text


def test_every_remark_of_sarif_has_a_place_in_the_checkout_since_code_scanning_refuses_others():
    for made in DOCUMENTS.values():
        text = report(made(), Report.SARIF, ["plan.yaml"], below="deploy", at="agentctl.yaml")
        for result in json.loads(text)["runs"][0]["results"]:
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert uri.startswith("deploy/"), uri


def test_what_lies_at_a_git_ref_or_outside_the_checkout_is_named_and_not_placed():
    document = policy_samples.linted()
    document["findings"][0]["file"] = "git:origin/main:policy/sales.yaml"
    document["findings"][1]["file"] = "/checkout/policy/sales.yaml"
    document["capabilities"][0]["controls"][1]["place"] = "/elsewhere/sales.yaml:12:9"
    first, scope, _, last = report(document, Report.GITHUB, ["x"], checkout="/checkout").splitlines()
    assert first.startswith("::error title=Unknown action (unknown-action)::git:origin/main:policy/sales.yaml:12:9 ")
    assert scope.startswith("::error title=Control missing (no-ship)::/elsewhere/sales.yaml:12:9 ")
    assert last.startswith("::warning file=policy/sales.yaml,line=40,")


def test_thousands_of_shifts_cases_and_findings_fit_into_a_comment_and_are_counted():
    for name, key in (("policy-replay", "shifts"), ("policy-test", "cases"), ("policy-lint", "findings")):
        document = DOCUMENTS[name]()
        document[key] = document[key] * 20_000
        text = written(document, Report.MARKDOWN)
        assert len(text.encode()) <= 65_536
        assert " more: `--format json` has all of them" in text


def test_hundreds_of_risks_leave_room_for_the_digest_and_the_command():
    document = reviewed(samples.risky)
    document["risks"] = document["risks"] * 300
    for risk in document["risks"]:
        risk["items"] = [{**item, "why": "価" * 400} for item in risk["items"]]
    text = written(document, Report.MARKDOWN)
    assert len(text.encode()) <= 65_536
    assert document["digest"] in text
    assert document["next"][-1]["command"] in text
    assert_code_only(text)


def test_a_widening_that_is_wanted_is_told_and_fails_nothing():
    document = policy_samples.replayed(wanted=True)
    assert all(item.level != "error" for item in annotate(document))
    assert ET.fromstring(written(document, Report.JUNIT)).get("failures") == "0"
