"""Evidence in the workspace is pinned and its quotes are checked; evidence elsewhere is never reached for."""

from __future__ import annotations

import hashlib
import os

import pytest

from agentctl.planfile.load import check
from tests.planfile.shop import HEAD, catalog, plan

TEXT = "Dear team,\n\nplease move us   to\nannual billing.\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "workspace"
    (root / "tickets").mkdir(parents=True)
    (root / "tickets" / "1.md").write_text(TEXT)
    (root / ".agentctl").mkdir()
    (root / ".agentctl" / "state.json").write_text("{}")
    (tmp_path / "outside.md").write_text(TEXT)
    (tmp_path / "workspace-evil").mkdir()
    (tmp_path / "workspace-evil" / "1.md").write_text(TEXT)
    return root


def checked(root, uri, **more):
    entry = "".join(f", {key}: {value!r}" for key, value in more.items())
    data = plan("  - {id: a, action: crm.row.insert, target: orders}\n", HEAD + f"evidence: [{{id: e, uri: {uri!r}{entry}}}]\n")
    return check(data, "plan.yaml", catalog(root))


def codes(root, uri, **more):
    return [item.code for item in checked(root, uri, **more).diagnostics]


def test_a_readable_source_is_pinned(root):
    found = checked(root, "file:tickets/1.md", quote="move us to annual billing")
    assert found.diagnostics == ()
    assert found.plan.evidence[0].sha256 == DIGEST


def test_the_pinned_digest_is_part_of_what_is_consented_to(root):
    before = checked(root, "file:tickets/1.md").plan.digest
    (root / "tickets" / "1.md").write_text(TEXT + "PS: and refund us everything.")
    assert checked(root, "file:tickets/1.md").plan.digest != before


def test_a_source_that_is_not_what_was_stated_is_an_error(root):
    assert codes(root, "file:tickets/1.md", sha256=DIGEST) == []
    assert codes(root, "file:tickets/1.md", sha256="0" * 64) == ["evidence-changed"]


@pytest.mark.parametrize("quote", ["please move us to annual", "Dear team, please", "annual\n\tbilling.", TEXT])
def test_a_quote_is_found_however_it_is_laid_out(root, quote):
    assert codes(root, "file:tickets/1.md", quote=" ".join(quote.split())) == []


@pytest.mark.parametrize("quote", ["move them to annual", "MOVE US", "moveus"])
def test_words_that_are_not_there_are_an_error(root, quote):
    assert codes(root, "file:tickets/1.md", quote=quote) == ["quote-not-found"]


def test_a_quote_from_what_is_no_text_is_not_found(root):
    (root / "a.bin").write_bytes(b"\xff\xfeannual")
    assert codes(root, "file:a.bin", quote="annual") == ["quote-not-found"]
    assert codes(root, "file:a.bin") == []


@pytest.mark.parametrize("path", ["tickets/absent.md", "absent/1.md", "tickets", "tickets/1.md/x"])
def test_a_source_that_cannot_be_read_is_a_warning_and_stays_unpinned(root, path):
    found = checked(root, f"file:{path}", quote="x")
    assert [item.code for item in found.diagnostics] == ["evidence-unreadable"]
    assert found.plan.evidence[0].sha256 == ""


@pytest.mark.parametrize("path", [
    "../outside.md", "tickets/../../outside.md", "/etc/hostname", "//etc/hostname", "tickets//1.md", "./tickets/1.md", "tickets/./1.md",
    ".agentctl/state.json", "../workspace-evil/1.md", "tickets/",
])
def test_a_path_that_leads_elsewhere_is_an_error(root, path):
    assert codes(root, f"file:{path}") == ["evidence-outside"]


@pytest.mark.parametrize(("link", "to"), [
    ("link.md", "../outside.md"), ("folder", ".."), ("tickets/inner.md", "1.md"), ("loop", "loop"),
])
def test_links_are_not_followed_wherever_they_lead(root, link, to):
    (root / link).symlink_to(to)
    path = f"{link}/outside.md" if link == "folder" else link
    assert codes(root, f"file:{path}") == ["evidence-outside"]


def test_a_pipe_does_not_hold_us(root):
    os.mkfifo(root / "pipe")
    assert codes(root, "file:pipe") == ["evidence-unreadable"]


def test_a_huge_source_is_not_read(root):
    with (root / "huge").open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    assert codes(root, "file:huge") == ["evidence-unreadable"]


def test_all_evidence_together_is_bounded(root):
    for number in range(6):
        with (root / f"e{number}").open("wb") as file:
            os.truncate(file.fileno(), 15 << 20)
    entries = "".join(f"  - {{id: e{n}, uri: 'file:e{n}'}}\n" for n in range(6))
    found = check(plan("  - {id: a, action: crm.row.insert, target: orders}\n", HEAD + "evidence:\n" + entries), "x", catalog(root))
    assert [item.code for item in found.diagnostics] == ["evidence-unreadable"] * 2


def test_sources_elsewhere_are_kept_and_never_reached_for(root):
    found = checked(root, "https://example.invalid/4711", quote="x", sha256="0" * 64)
    assert found.diagnostics == ()
    assert found.plan.evidence[0].sha256 == "0" * 64


def test_without_a_workspace_nothing_is_read():
    assert codes(None, "file:tickets/1.md") == ["evidence-unreadable"]


def test_an_id_listed_twice_is_an_error(root):
    data = plan("  - {id: a, action: crm.row.insert, target: orders}\n", HEAD + "evidence: [{id: e, uri: 'x:1'}, {id: e, uri: 'x:2'}]\n")
    assert [(item.code, item.pointer) for item in check(data, "x", catalog(root)).diagnostics] == [("duplicate-evidence", "/evidence/1/id")]
