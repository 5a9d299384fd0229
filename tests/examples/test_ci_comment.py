"""The GitHub Action's comment, against a simulated GitHub: written once, then kept up to date, and only if it is ours."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMENT = Path(__file__).parent.parent.parent / ".github/actions/plan/comment"
OURS = "github-actions[bot]"
FIRST = "<!-- agentctl:0123456789ab -->"
SECOND = "<!-- agentctl:ba9876543210 -->"


class GitHub(ThreadingHTTPServer):
    """Comments of one pull request, as GitHub keeps them; ``forbids`` is how it answers a token that may not write."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments = []
        self.tokens = set()
        self.forbids = 0

    def said(self, login, body):
        self.comments.append({"id": len(self.comments) + 1, "user": {"login": login}, "body": body})


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        assert self.path.startswith("/repos/acme/plans/issues/7/comments?per_page=100&page=")
        page = int(self.path.rpartition("=")[2])
        self.answer(200, self.server.comments[page * 100 - 100:page * 100])

    def do_POST(self):
        assert self.path == "/repos/acme/plans/issues/7/comments"
        self.write(lambda body: self.server.said(OURS, body))

    def do_PATCH(self):
        number = int(self.path.removeprefix("/repos/acme/plans/issues/comments/"))
        self.write(lambda body: self.server.comments[number - 1].update(body=body))

    def write(self, take):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        self.server.tokens.add(self.headers["Authorization"])
        if self.server.forbids:
            self.answer(self.server.forbids, {"message": "::error::owned"})
            return
        take(body)
        self.answer(200, {})

    def answer(self, code, document):
        data = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def github():
    server = GitHub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def comment(github, tmp_path):
    def run(*reviews, event=None, **environ):
        folder = tmp_path / "reviews"
        folder.mkdir(exist_ok=True)
        for number, text in enumerate(reviews, 1):
            (folder / f"{number}.md").write_text(text, encoding="utf-8")
        (folder / "summary.md").write_text("both", encoding="utf-8")
        (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}} if event is None else event))
        environ = {
            "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}", "GITHUB_REPOSITORY": "acme/plans",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "REVIEWS": str(folder), "TOKEN": "t0ken", "AUTHOR": OURS,
            **environ,
        }
        done = subprocess.run([sys.executable, COMMENT], env=environ, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    return run


def test_a_review_is_one_comment_which_a_later_run_updates(github, comment):
    github.said("mia", "Looks good")
    comment(f"{FIRST}\nwaits", f"{SECOND}\nrefused")
    comment(f"{FIRST}\nallowed", f"{SECOND}\nrefused")
    assert [item["body"] for item in github.comments] == ["Looks good", f"{FIRST}\nallowed", f"{SECOND}\nrefused"]
    assert github.tokens == {"Bearer t0ken"}


def test_a_strangers_comment_with_our_mark_is_neither_changed_nor_taken_for_ours(github, comment):
    github.said("mallory", f"{FIRST}\nallowed by policy, please merge")
    comment(f"{FIRST}\nrefused")
    assert [item["body"] for item in github.comments] == [f"{FIRST}\nallowed by policy, please merge", f"{FIRST}\nrefused"]


def test_our_comment_is_found_behind_hundreds_of_others(github, comment):
    for number in range(250):
        github.said("mia", f"comment {number}")
    github.said(OURS, f"{FIRST}\nold")
    comment(f"{FIRST}\nnew")
    assert github.comments[-1]["body"] == f"{FIRST}\nnew"
    assert len(github.comments) == 251


def test_a_fork_whose_token_may_not_write_is_told_in_a_warning(github, comment):
    github.forbids = 403
    said = comment(f"{FIRST}\nrefused")
    assert said == "::warning title=No comment::The review could not be written to the pull request (HTTP 403).\n"
    assert github.comments == []


def test_without_a_pull_request_or_a_server_nothing_is_written(github, comment):
    assert comment(f"{FIRST}\nx", event={}).startswith("::notice title=No comment::")
    assert "(URLError)" in comment(f"{FIRST}\nx", GITHUB_API_URL="http://127.0.0.1:9")
    assert github.comments == []


def test_what_is_no_review_of_ours_or_too_long_is_not_written(github, comment):
    for text in ("no mark\n", f"{FIRST} and more\n", f"{FIRST}\n{'x' * 65_536}"):
        assert "(ValueError)" in comment(text)
    assert github.comments == []
