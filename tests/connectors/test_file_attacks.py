"""Nothing a plan's author writes, and nothing that happens between plan and apply, leads the connector out of its root."""

from __future__ import annotations

import os
import shutil
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.connectors.base import Call, Instance
from agentctl.connectors.file import TYPE, FileConnector
from agentctl.errors import ConnectorError, Rejected, Unreachable
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Value
from agentctl.testing import FrozenView, foresee, perform, snapshots

OUTSIDE = "outside, and to stay so\n"


def step(action: str, target: str, **with_: Value) -> Step:
    return Step(id="s", action=f"site.{action}", target=target, with_=with_)


WRITES = (
    step("file.write", "dir/file", content="mine"),
    step("file.mode", "dir/file", mode="0600"),
    step("text.replace", "dir/file", find="in", replace="out", count=1),
    step("file.delete", "dir/file"),
    step("file.move", "dir/file", to="moved"),
    step("file.move", "other", to="dir/moved"),
    step("file.create", "dir/new", content="mine"),
    step("file.create", "dir/deep/new", content="mine"),
)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A root with a file in it, and a neighbour whose name begins with the root's."""
    for name in ("root/dir", "root-evil", "outside/dir"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "root/dir/file").write_text("inside\n")
    (tmp_path / "root/other").write_text("inside\n")
    for name in ("root-evil/file", "outside/file", "outside/dir/file"):
        (tmp_path / name).write_text(OUTSIDE)
    return tmp_path


def opened(world: Path, **more: Value) -> FileConnector:
    connector = TYPE.open(Instance(name="site", settings={"root": "root", **more}, root=str(world)))
    assert isinstance(connector, FileConnector)
    return connector


def untouched(world: Path) -> bool:
    names = ("root-evil/file", "outside/file", "outside/dir/file")
    kept = all((world / name).read_text() == OUTSIDE for name in names)
    return kept and sum(1 for name in ("root-evil", "outside") for _ in (world / name).rglob("*")) == 4


@pytest.mark.parametrize("wanted", WRITES, ids=lambda wanted: f"{wanted.verb} {wanted.target}")
def test_a_link_in_place_of_a_directory_is_refused(world: Path, wanted: Step) -> None:
    shutil.rmtree(world / "root/dir")
    (world / "root/dir").symlink_to(world / "outside/dir")
    with pytest.raises(Rejected, match="symbolic link"):
        perform(opened(world), wanted)
    assert untouched(world)


@pytest.mark.parametrize("wanted", WRITES, ids=lambda wanted: f"{wanted.verb} {wanted.target}")
def test_a_directory_swapped_for_a_link_between_preview_and_execute_is_refused(world: Path, wanted: Step) -> None:
    site = opened(world)
    before = snapshots(site, wanted)
    change = site.preview(wanted, FrozenView(before))
    (world / "root/dir").rename(world / "root/aside")
    (world / "root/dir").symlink_to(world / "outside/dir")
    with pytest.raises(Rejected, match="symbolic link"):
        site.execute(change, Call(key="k", before=before, deadline=30))
    assert untouched(world)


@pytest.mark.parametrize("wanted", WRITES[:5], ids=lambda wanted: wanted.verb)
def test_a_file_swapped_for_a_link_between_preview_and_execute_is_refused(world: Path, wanted: Step) -> None:
    site = opened(world)
    before = snapshots(site, wanted)
    change = site.preview(wanted, FrozenView(before))
    (world / "root/dir/file").unlink()
    (world / "root/dir/file").symlink_to(world / "outside/file")
    with pytest.raises(Rejected, match="symbolic link"):
        site.execute(change, Call(key="k", before=before, deadline=30))
    assert untouched(world)


def test_a_link_is_not_read_through_even_to_a_place_inside(world: Path) -> None:
    (world / "root/link").symlink_to("dir/file")
    (world / "root/dangling").symlink_to("nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(Rejected, match="symbolic link"):
            opened(world).read(Address(f"site/{name}"))


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)       # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.mkdir(),
        _socket,
    ],
    ids=["fifo", "directory", "socket"],
)
def test_what_is_not_a_regular_file_is_refused_and_never_waited_for(world: Path, make: Callable[[Path], None]) -> None:
    make(world / "root/odd")
    for wanted in (step("text.read", "odd"), step("file.write", "odd", content="x"), step("file.delete", "odd")):
        with pytest.raises(Rejected, match="is a"):
            perform(opened(world), wanted)


def test_a_device_is_refused_unopened(world: Path) -> None:
    site = TYPE.open(Instance(name="site", settings={"root": "/dev"}, root="/"))
    with pytest.raises(Rejected, match="device"):
        site.read(Address("site/null"))


@pytest.mark.parametrize(
    "target",
    ["../root-evil/file", "dir/../../root-evil/file", "/root-evil/file", "dir/..", "..", "-evil/../x", "dir//file",
     "dir/./file", "./dir/file", "dir/file/", "dir\0/file", "dir/file\n", "\x1b[2Jfile", "\x9bfile", "dir/\ud800"],
)
def test_a_path_that_is_not_plain_is_refused_before_anything_is_opened(world: Path, target: str) -> None:
    site = opened(world)
    shutil.rmtree(world / "root")
    with pytest.raises(Rejected):
        site.addresses(step("text.read", target))
    with pytest.raises(Rejected):
        site.addresses(step("file.move", "other", to=target))
    with pytest.raises(Rejected):
        site.read(Address(f"site/{target}"))


@given(target=st.text(st.sampled_from("./\\ae\0~%2ｅ．／\u200b"), max_size=12))
@example("％2e％2e/x")
@example("．．/x")
@example("..\\x")
@example("~/x")
def test_no_spelling_leaves_the_root(tmp_path_factory: pytest.TempPathFactory, target: str) -> None:
    base = tmp_path_factory.mktemp("w")
    (base / "root").mkdir()
    for name in (target, unicodedata.normalize("NFKC", target)):
        try:
            perform(opened(base), step("file.create", name, content="x"))
        except ConnectorError:
            continue
    assert [path.name for path in base.iterdir()] == ["root"]


@pytest.mark.parametrize(
    "target",
    ["agentctl.yaml", "sub/agentctl.yaml", "AgentCTL.yaml", ".agentctl/state.json", ".agentctl", ".git", ".git/hooks/pre-commit",
     "sub/.git/config", ".GIT/config", "policy/sales.yaml", "policy", ".agentctl-new-1"],
)
def test_no_step_touches_policy_consent_state_or_hooks(world: Path, target: str) -> None:
    site = TYPE.open(Instance(name="site", settings={"root": "."}, root=str(world)))
    for wanted in (
        step("file.write", target, content="roles: {all: everything}"),
        step("text.read", target),
        step("file.move", "root/other", to=target),
    ):
        with pytest.raises(Rejected, match="Path protected"):
            site.addresses(wanted)


def test_the_policy_is_protected_wherever_the_workspace_keeps_it(world: Path) -> None:
    instance = Instance(name="site", settings={"root": "root"}, root=str(world), reserved=("root/dir/rules.yaml",))
    with pytest.raises(Rejected, match="policy"):
        TYPE.open(instance).addresses(step("file.write", "dir/rules.yaml", content=""))


def test_a_root_inside_the_policy_is_protected_as_a_whole(world: Path) -> None:
    site = TYPE.open(Instance(name="site", settings={"root": "policy/eu"}, root=str(world)))
    with pytest.raises(Rejected, match="policy"):
        site.addresses(step("text.read", "sales.yaml"))


def test_the_settings_can_protect_more_and_never_less(world: Path) -> None:
    site = opened(world, protected=["dir/*", "*.lock"])
    for target in ("dir/file", "dir/deep/file", "poetry.lock", ".git/config"):
        with pytest.raises(Rejected, match="Path protected"):
            site.addresses(step("text.read", target))
    assert site.addresses(step("text.read", "other")) == ("site/other",)


def test_a_planted_temporary_file_is_never_written_through(world: Path) -> None:
    (world / "root/.agentctl-new-0011223344556677").symlink_to(world / "outside/file")
    perform(opened(world), step("file.create", "fresh", content="x"))
    assert untouched(world)


def test_a_hard_link_to_a_file_outside_is_not_written_through(world: Path) -> None:
    os.link(world / "outside/file", world / "root/linked")
    perform(opened(world), step("file.write", "linked", content="x"))
    assert untouched(world)


def test_the_root_itself_may_be_replaced_by_a_link_only_by_who_configured_it(world: Path) -> None:
    site = opened(world)
    (world / "root").rename(world / "moved")
    (world / "root").symlink_to(world / "outside")
    with pytest.raises(Unreachable):
        foresee(site, step("file.write", "file", content="x"))
    assert untouched(world)


def test_nothing_is_executed_on_what_was_never_read(world: Path) -> None:
    site = opened(world)
    change = foresee(site, step("file.write", "other", content="x"))
    with pytest.raises(Rejected):
        site.execute(change, Call(key="k", before={}, deadline=30))


def test_pruning_takes_no_path_outside(world: Path) -> None:
    site = opened(world)
    done = perform(site, step("file.create", "a/b", content=""))
    assert done.inverse.step is not None
    forged = Step(id="s", action="site.file.unmake", target="a/b", with_={"prune": ["../empty"]})
    (world / "empty").mkdir()
    with pytest.raises(Rejected):
        perform(site, forged)
    assert (world / "empty").exists()
    assert (world / "root/a/b").exists()
