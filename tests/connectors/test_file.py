"""The file connector keeps every promise of the contract, and restores a tree exactly."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.connectors.base import Connector, Instance
from agentctl.connectors.file import TYPE, FileConnector
from agentctl.errors import Rejected, Unreachable
from agentctl.model.change import Effect
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Unknown, Value, has_unknown
from agentctl.testing import Case, ConnectorSuite, LiveView, foresee, perform, snapshots

JSON = '{\n  "name": "site",\n  "ports": [80, 443]\n}\n'
YAML = "# prices, in dollars\nplans:\n  monthly: {price: 12}   # unchanged since 2019\n  annual:\n    price: 12.00 # too high\n"


def step(action: str, target: str, **with_: Value) -> Step:
    return Step(id="s", action=f"site.{action}", target=target, with_=with_)


def open_site(root: Path, **more: Value) -> FileConnector:
    connector = TYPE.open(Instance(name="site", settings={"root": str(root), **more}, root=str(root.parent)))
    assert isinstance(connector, FileConnector)
    return connector


def tree(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every path below ``root`` with its mode and, for files, its bytes."""
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.lstat().st_mode), None if path.is_dir() else path.read_bytes())
        for path in sorted(root.rglob("*"))
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "docs").mkdir(parents=True)
    (root / "pricing.html").write_text("<td>$12</td>\n<td>$12</td>\n")
    (root / "docs" / "guide.md").write_bytes(b"# Guide\r\nno newline at the end")
    (root / "logo.png").write_bytes(b"\x89PNG\x00\xff")
    (root / "config.json").write_text(JSON)
    (root / "config.yaml").write_text(YAML)
    (root / "logo.png").chmod(0o600)
    (root / "config.yaml").chmod(0o755)
    return root


class TestFile(ConnectorSuite):
    cases = (
        Case("read", step("text.read", "pricing.html")),
        Case("read bytes", step("text.read", "logo.png")),
        Case("replace", step("text.replace", "pricing.html", find="$12", replace="$10", count=2)),
        Case("create", step("file.create", "new.txt", content="hello\n")),
        Case("create deep", step("file.create", "a/b/c/new.bin", content=b"\x00\x01", mode="0755")),
        Case("create beside", step("file.create", "docs/b/new", content="")),
        Case("write over", step("file.write", "docs/guide.md", content="# New\n")),
        Case("write bytes over", step("file.write", "logo.png", content=b"\xff\x00", mode="0644")),
        Case("write anew", step("file.write", "x/y.txt", content="ü\n")),
        Case("move", step("file.move", "logo.png", to="images/brand/logo.png")),
        Case("rename", step("file.move", "docs/guide.md", to="docs/handbook.md")),
        Case("delete", step("file.delete", "logo.png")),
        Case("mode", step("file.mode", "config.yaml", mode="0600")),
        Case("json set", step("json.set", "config.json", path=["ports", 1], value=8443)),
        Case("json unset", step("json.unset", "config.json", path="/name")),
        Case("yaml set", step("yaml.set", "config.yaml", path=["plans", "annual", "price"], value=10)),
        Case("yaml unset", step("yaml.unset", "config.yaml", path=["plans", "monthly"])),
    )
    outsiders = tuple(
        step("text.read", target)
        for target in ("/etc/passwd", "../site-evil/x", "a/../../x", ".", "", "a//b", "a/", "./a", "a\0b", ".git/config",
                       "sub/.git/hooks/pre-commit", ".agentctl/state.json", "agentctl.yaml", "a/AGENTCTL.yaml", ".GIT/x",
                       ".agentctl-new-00", "new:step", "a\nb", "\ud800", "a/.", "a/..")
    )

    @pytest.fixture
    def connector(self, root: Path) -> Connector:
        self.root = root
        return open_site(root)

    def world(self, connector: Connector) -> object:
        return tree(self.root)

    def outside_edit(self, connector: Connector, address: Address) -> None:
        path = self.root / within(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((path.read_bytes() if path.exists() else b"") + b"edited by somebody else\n")


def test_a_replacement_counts_first(root: Path) -> None:
    with pytest.raises(Rejected, match="has it 2 times, not 1"):
        foresee(open_site(root), step("text.replace", "pricing.html", find="$12", replace="$10", count=1))


def test_a_replacement_says_when_line_ends_are_to_blame(root: Path) -> None:
    with pytest.raises(Rejected) as refusal:
        foresee(open_site(root), step("text.replace", "docs/guide.md", find="# Guide\nno", replace="x", count=1))
    assert "CR LF" in refusal.value.hint


def test_a_binary_file_is_not_edited_as_text(root: Path) -> None:
    with pytest.raises(Rejected, match="binary"):
        foresee(open_site(root), step("text.replace", "logo.png", find="PNG", replace="x", count=1))


def test_creating_never_overwrites_and_moving_neither(root: Path) -> None:
    for attempt in (
        step("file.create", "logo.png", content=""),
        step("file.move", "pricing.html", to="logo.png"),
        step("file.move", "pricing.html", to="pricing.html"),
    ):
        with pytest.raises(Rejected):
            foresee(open_site(root), attempt)


def test_a_file_that_appears_while_it_is_being_created_is_not_overwritten(root: Path) -> None:
    site = open_site(root)
    wanted = step("file.create", "docs/new.md", content="ours")
    before = snapshots(site, wanted)
    (root / "docs" / "new.md").write_text("theirs")
    with pytest.raises(Rejected):
        perform(site, wanted, before=before)
    assert (root / "docs" / "new.md").read_text() == "theirs"


def test_a_refused_write_leaves_no_directory_behind(root: Path) -> None:
    site = open_site(root)
    before = tree(root)
    with pytest.raises(Rejected):
        perform(site, step("file.create", "a/b/" + "n" * 300, content="x"))
    assert tree(root) == before


def test_what_is_larger_than_the_limit_is_refused(root: Path) -> None:
    site = open_site(root, max_bytes=20)
    with pytest.raises(Rejected):
        site.read(Address("site/pricing.html"))
    with pytest.raises(Rejected):
        foresee(site, step("file.create", "big", content="x" * 21))


def test_a_replacement_that_would_fill_the_memory_is_refused_before_it_is_made(root: Path) -> None:
    (root / "many").write_text("a" * 1_000_000)
    with pytest.raises(Rejected, match="larger"):
        foresee(open_site(root), step("text.replace", "many", find="a", replace="b" * 10_000_000, count=1_000_000))


@pytest.mark.parametrize(
    "wanted",
    [
        step("file.write", "new", content=5),
        step("file.write", "new", content="x", mode="rw"),
        step("file.mode", "logo.png", mode=644),
        step("file.mode", "logo.png", mode="0200"),
        step("json.set", "config.json", path=[None], value=1),
        step("json.set", "config.json", path={"a": 1}, value=1),
        step("text.replace", "pricing.html", find="", replace="x", count=1),
        step("file.move", "logo.png", to=5),
    ],
)
def test_an_argument_that_only_resolves_at_apply_is_checked_there(root: Path, wanted: Step) -> None:
    with pytest.raises(Rejected):
        foresee(open_site(root), wanted)


def test_a_missing_root_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        open_site(tmp_path / "gone").read(Address("site/a"))


def test_writing_what_is_there_is_a_no_op(root: Path) -> None:
    for wanted in (
        step("file.write", "config.json", content=JSON),
        step("file.mode", "logo.png", mode="0600"),
        step("json.set", "config.json", path=["name"], value="site"),
        step("json.unset", "config.json", path=["nothing"]),
        step("yaml.unset", "config.yaml", path=["nothing"]),
    ):
        assert foresee(open_site(root), wanted).effect is Effect.NO_OP


def test_other_hard_links_are_named_and_keep_their_content(root: Path) -> None:
    os.link(root / "config.json", root / "shared.json")
    site = open_site(root)
    done = perform(site, step("json.set", "config.json", path=["name"], value="other"))
    assert done.change.notes == ("the file has 2 hard links; the others keep the content they have",)
    assert (root / "shared.json").read_text() == JSON


def test_a_later_step_sees_what_an_earlier_one_writes(root: Path) -> None:
    site = open_site(root)
    view = LiveView(site, {Address("site/new.txt"): {"content": "price: 12\n", "mode": "0644"}})
    change = site.preview(step("text.replace", "new.txt", find="12", replace="10", count=1), view)
    assert change.records[0].after == {"content": "price: 10\n", "mode": "0644"}


def test_an_edit_of_unknown_content_is_unknown_and_never_a_no_op(root: Path) -> None:
    site = open_site(root)
    unknown = {"content": Unknown({"$from": "steps.a.after.text"}), "mode": "0644"}
    view = LiveView(site, {Address("site/new.txt"): unknown})
    change = site.preview(step("text.replace", "new.txt", find="a", replace="b", count=1), view)
    assert has_unknown(change.records[0].after or {})
    assert change.effect is Effect.UPDATE


def test_a_rollback_leaves_directories_that_somebody_else_uses(root: Path) -> None:
    site = open_site(root)
    done = perform(site, step("file.create", "a/b/mine", content="x"))
    (root / "a" / "theirs").write_text("y")
    assert done.inverse.step is not None
    perform(site, done.inverse.step)
    assert sorted(str(path.relative_to(root)) for path in (root / "a").rglob("*")) == ["a/theirs"]


def test_what_a_killed_process_left_is_cleared_away(root: Path) -> None:
    (root / ".agentctl-new-0123456789abcdef").write_text("half")
    perform(open_site(root), step("file.create", "x", content=""))
    assert not list(root.glob(".agentctl-*"))


def test_the_file_name_is_the_same_for_every_connector(root: Path) -> None:
    assert open_site(root).resource(Address("site/docs/guide.md")) == f"file://{root.resolve()}/docs/guide.md"


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1644])
def test_files_with_special_permissions_are_left_alone(root: Path, mode: int) -> None:
    (root / "tool").write_text("x")
    (root / "tool").chmod(mode)
    for wanted in (step("file.delete", "tool"), step("file.write", "tool", content="y"), step("file.mode", "tool", mode="0644")):
        with pytest.raises(Rejected, match="setuid"):
            foresee(open_site(root), wanted)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_is_refused_in_words(root: Path) -> None:
    (root / "docs").chmod(0o555)
    try:
        with pytest.raises(Rejected, match="Permission denied"):
            perform(open_site(root), step("file.create", "docs/new", content="x"))
    finally:
        (root / "docs").chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_of_a_file_is_kept(root: Path) -> None:
    os.chown(root / "pricing.html", 12345, 54321)
    perform(open_site(root), step("text.replace", "pricing.html", find="$12", replace="$10", count=2))
    status = (root / "pricing.html").stat()
    assert (status.st_uid, status.st_gid) == (12345, 54321)


def test_extended_attributes_are_kept(root: Path) -> None:
    try:
        os.setxattr(root / "pricing.html", "user.origin", b"ticket 4711")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    perform(open_site(root), step("text.replace", "pricing.html", find="$12", replace="$10", count=2))
    assert os.getxattr(root / "pricing.html", "user.origin") == b"ticket 4711"


# ---- any sequence of steps and its inverses

NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/g/h", "config.json", "config.yaml", "logo.png"])
CONTENTS: st.SearchStrategy[Any] = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12), st.binary(max_size=8), st.sampled_from([JSON, YAML])
)
MODES = st.sampled_from(["0644", "0600", "0755", "0400", "0666"])
KEYS = st.sampled_from([["name"], ["ports", 0], ["ports"], ["plans"], ["plans", "annual", "price"], ["fresh"]])
SCALARS: st.SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([1, {"a": "b"}]))
STEPS = st.one_of(
    st.builds(lambda n, c, m: step("file.create", n, content=c, mode=m), NAMES, CONTENTS, MODES),
    st.builds(lambda n, c: step("file.write", n, content=c), NAMES, CONTENTS),
    st.builds(lambda n, c, m: step("file.write", n, content=c, mode=m), NAMES, CONTENTS, MODES),
    st.builds(lambda n, t: step("file.move", n, to=t), NAMES, NAMES),
    st.builds(lambda n: step("file.delete", n), NAMES),
    st.builds(lambda n, m: step("file.mode", n, mode=m), NAMES, MODES),
    st.builds(lambda n: step("text.replace", n, find="a", replace="bb", count=1), NAMES),
    st.builds(lambda f, k, v: step(f"{f}.set", f"config.{f}", path=k, value=v), st.sampled_from(["json", "yaml"]), KEYS, SCALARS),
    st.builds(lambda f, k: step(f"{f}.unset", f"config.{f}", path=k), st.sampled_from(["json", "yaml"]), KEYS),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12))
def test_undoing_any_sequence_of_steps_restores_every_byte_and_mode(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    root = tmp_path_factory.mktemp("site")
    (root / "config.json").write_text(JSON)
    (root / "config.yaml").write_text(YAML)
    (root / "logo.png").write_bytes(b"\x89PNG\x00")
    site = open_site(root)
    before = tree(root)
    done = []
    for one in steps:
        try:
            done.append(perform(site, one))
        except Rejected:
            continue
        for record in done[-1].change.records:
            assert done[-1].after[record.address] == record.after
    for performed in reversed(done):
        if performed.change.effect is not Effect.NO_OP:
            assert performed.inverse.step is not None
            perform(site, performed.inverse.step)
    assert tree(root) == before
