"""One trial: a command that something befalls, what the next commands say of it, and where following them leads."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agentctl.errors import Exit
from tests.crash.ground import Ground
from tests.crash.shim import Ended, Mishap
from tests.crash.stories import Effects, Story, done
from tests.e2e.house import step

NOTHING_EXECUTED = {Exit.INVALID, Exit.REFUSED, Exit.CONSENT, Exit.STALE, Exit.LOCKED, Exit.UNREACHABLE}
_AFRESH = 2             # times that nothing was left of it, so that it is typed once more
_LONGEST_WAY = 12       # commands until all is well; more is no way but a maze


class Wrong(StrEnum):
    """What can be wrong after a mishap, gravest first."""

    LOST = "lost"
    DOUBLED = "doubled"
    HIDDEN = "hidden"
    MESSAGE = "wrong message"
    LEFT = "left behind"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong."""

    wrong: Wrong
    why: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A mishap, how the command ended, and what was wrong after it."""

    story: str
    mishap: Mishap
    ended: Ended
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        faults = "".join(f"\n  {fault.wrong}: {fault.why}" for fault in self.faults)
        return f"{self.story}: {self.mishap.how} at {self.mishap.at}, exit {self.ended.code}{faults}"


def begin(ground: Ground, story: Story) -> None:
    """Make what a story begins with, once."""
    ground.clear()
    story.prepare(ground)
    ground.keep(story.name)


def tell(
    ground: Ground, story: Story, mishap: Mishap, *, log: bool = False, prepare: Callable[[], None] = lambda: None
) -> Ended:
    """Put everything back and run the story's command with the mishap."""
    ground.restore(story.name)
    prepare()
    how = ground.typed if story.terminal else ground.run
    return how(*story.command(ground), mishap=mishap, log=log)


def trial(ground: Ground, story: Story, mishap: Mishap, *, thorough: bool = True) -> Trial:
    """Let the mishap happen, look at everything, follow what is said to the end, and look again."""
    ended = tell(ground, story, mishap)
    faults = tuple(judge(ground, story, ended, thorough=thorough))
    return Trial(story=story.name, mishap=mishap, ended=ended, faults=faults)


def judge(ground: Ground, story: Story, ended: Ended, *, thorough: bool = True) -> Iterable[Fault]:
    """Yield all that is wrong in what ``ended`` left behind. The way to the end is gone, too.

    What is not ``thorough`` looks with fewer commands.
    """
    if ended.survivors:
        yield Fault(wrong=Wrong.LEFT, why=f"processes live on: {', '.join(ended.survivors)}")
    yield from _ending(ground, story, ended)
    yield from _reading(ground, _EVERYTHING if thorough else _EVERYTHING[:2])
    yield from way(ground, story, ended)
    yield from _end(ground, story, thorough=thorough)


def _ending(ground: Ground, story: Story, ended: Ended) -> Iterable[Fault]:
    """What the exit code says must be so."""
    if ended.code < 0:
        return
    now = story.effects(ground)
    if ended.code == Exit.OK and now != story.goal:
        yield Fault(wrong=Wrong.HIDDEN, why=f"exit 0, but {_difference(now, story.goal)}")
    if ended.code in NOTHING_EXECUTED and story.effects is done and now != story.start:
        yield Fault(wrong=Wrong.HIDDEN, why=f"exit {ended.code} says that nothing was executed: {_difference(now, story.start)}: {_last(ended)}")
    if ended.code in (Exit.UNEXPECTED, 70) or "Traceback" in ended.all:
        yield Fault(wrong=Wrong.MESSAGE, why=f"exit {ended.code}: {_last(ended)}")
    elif ended.code != Exit.OK and "error: " not in ended.all and "To go on" not in ended.all and not _commands(ended):
        yield Fault(wrong=Wrong.MESSAGE, why=f"exit {ended.code} without a word on what to do: {_last(ended)}")
    if ended.code == Exit.INCOMPLETE and not _commands(ended):
        yield Fault(wrong=Wrong.MESSAGE, why=f"exit 7 without a command to go on with: {_last(ended)}")


_EVERYTHING = (
    (("show",), (Exit.OK, Exit.USAGE)),
    (("state", "list"), (Exit.OK, Exit.INTEGRITY)),
    (("runs",), (Exit.OK,)),
    (("approvals",), (Exit.OK,)),
    (("verify",), (Exit.OK,)),
    (("plan", "plan.yaml"), (Exit.OK, Exit.INVALID, Exit.REFUSED, Exit.UNREACHABLE)),
)


def _reading(ground: Ground, commands: Iterable[tuple[tuple[str, ...], tuple[Exit, ...]]]) -> Iterable[Fault]:
    """What only reads never crashes, and what it can't tell comes with a way to repair it."""
    for words, fine in commands:
        told = ground.run(*words)
        if told.code not in fine:
            yield Fault(wrong=Wrong.MESSAGE, why=f"{' '.join(words)}: exit {told.code}: {_last(told)}")
        elif told.code == Exit.INTEGRITY and not _commands(told):
            yield Fault(wrong=Wrong.MESSAGE, why=f"{' '.join(words)} tells no repair: {_last(told)}")


def way(ground: Ground, story: Story, ended: Ended, *, afresh: int = _AFRESH) -> Iterable[Fault]:
    """Follow what is said until there is no more to do. With nothing left, the story begins ``afresh`` so many times."""
    said = ended
    for _ in range(_LONGEST_WAY):
        _unlock(said)
        command = _next(ground, story, said)
        afresh -= command == story.command(ground)
        if command is None or afresh < 0:       # what is still not right then, `_end` tells
            return
        if command[0] == "resolve":
            name = command[2].removeprefix("undo-")
            answer = "--did-not" if story.effects(ground)[name] == story.start[name] else "--happened"
            command = (*command[:3], answer, "--reason", "I looked")
        said = ground.run(*command) if command[0] in ("resolve", "state") else ground.typed(*command)
    yield Fault(wrong=Wrong.MESSAGE, why=f"following what is said leads nowhere; last: {_last(said)}")


def _unlock(said: Ended) -> bool:
    """Take away the lock a killed git left: git says who may, whoever knows that no git lives."""
    locks = [Path(name) for line in said.all.splitlines() if re.search(r"\bexists?\b", line) for name in _GIT_LOCK.findall(line)]
    for lock in locks:
        lock.unlink(missing_ok=True)
    return bool(locks)


def next_command(told: Ended) -> tuple[str, ...] | None:
    """Return the first command that a person is told to type."""
    return next(iter(_commands(told)), None)


def _next(ground: Ground, story: Story, said: Ended) -> tuple[str, ...] | None:
    """Return what to type next: what the last command said, else what `show` says, else the story's own command."""
    if said.code != Exit.OK:
        for command in _leading_on(ground, story, said):
            return command
    if story.effects(ground) == story.goal and said.code == Exit.OK:
        return None
    for command in _leading_on(ground, story, ground.run("show")):
        return command
    if story.effects(ground) == story.goal:
        return None
    return story.command(ground)


def _leading_on(ground: Ground, story: Story, told: Ended) -> list[tuple[str, ...]]:
    """Return the commands that lead to the story's end: nobody undoes anything else than that."""
    return [command for command in _commands(told) if command[0] != "rollback" or command == story.command(ground)]


def _commands(told: Ended) -> list[tuple[str, ...]]:
    """Return the commands a person is told to type that lead on, in order."""
    lines = [line.strip() for line in told.all.splitlines()]
    words = [tuple(shlex.split(line)[1:]) for line in lines if re.match(r"agentctl (apply|resolve|rollback|state)\b", line)]
    return [command for command in words if "…" not in command or command[0] == "resolve"]


def _end(ground: Ground, story: Story, *, thorough: bool) -> Iterable[Fault]:
    """All is there once, the chain is whole, the state is what the trace tells, and nothing lies about."""
    now = story.effects(ground)
    for name, count in story.goal.items():
        if now[name] != count:
            yield Fault(wrong=Wrong.LOST if now[name] < count else Wrong.DOUBLED, why=f"{name}: {now[name]}, not {count}")
    for why in story.after(ground):
        yield Fault(wrong=Wrong.HIDDEN, why=why)
    verified = ground.run("verify")
    if verified.code != Exit.OK:
        yield Fault(wrong=Wrong.LOST, why=f"verify: exit {verified.code}: {_last(verified)}")
    if thorough:
        yield from _state(ground)
        yield from _litter(ground, story)


def _state(ground: Ground) -> Iterable[Fault]:
    kept = ground.run("state", "list")
    if kept.code != Exit.OK and not _commands(kept):
        yield Fault(wrong=Wrong.MESSAGE, why=f"state list: exit {kept.code}: {_last(kept)}")
    before = _records(ground) if kept.code == Exit.OK else None
    rebuilt = ground.run("state", "rebuild")
    if rebuilt.code != Exit.OK:
        yield Fault(wrong=Wrong.LOST, why=f"state rebuild: exit {rebuilt.code}: {_last(rebuilt)}")
    elif before is not None and before != _records(ground):
        yield Fault(wrong=Wrong.LOST, why="the state that was kept is not the one the trace tells")


def _records(ground: Ground) -> str:
    return json.dumps(json.loads((ground.house.ours / "state.json").read_text())["records"])


def _litter(ground: Ground, story: Story) -> Iterable[Fault]:
    """After one more quiet run nothing lies about that nobody would ever take away."""
    (ground.house.root / "code/notes.txt").write_text("more\n")
    commit = step("notes", "code.commit.create", "main", {"paths": ["notes.txt"], "message": "More"})
    steps = [step("seats", "mem.record.update", "customers/1", {"seats": 5}), *([commit] if story.systems else [])]
    ground.house.plan(*steps, name="more.yaml")
    told = ground.typed("apply", "more.yaml")
    if _unlock(told):
        told = ground.typed("apply", "--resume", "latest")
    if told.code not in (Exit.OK, Exit.CONSENT):        # where it takes a signature there is none
        yield Fault(wrong=Wrong.MESSAGE, why=f"the next apply: exit {told.code}: {_last(told)}")
    left = [ground.kind(str(path)) for path in _files(ground) if TEMPORARY.search(str(path))]
    if left:
        yield Fault(wrong=Wrong.LEFT, why=f"files: {', '.join(left)}")


_GIT_LOCK = re.compile(r"/[^' ]+\.lock\b")
TEMPORARY = re.compile(r"\.tmp$|\.new$|/\.reserve$|/\.agentctl-new-|agentctl-index-|/\.git/.*\.lock$|-journal$")


def _files(ground: Ground) -> list[Path]:
    return [path for path in sorted(ground.house.root.rglob("*")) if path.is_file() and "/.git/objects/" not in str(path)]


def _difference(now: Effects, expected: Effects) -> str:
    return ", ".join(f"{name} {count} not {expected.get(name)}" for name, count in now.items() if count != expected.get(name))


def _last(told: Ended) -> str:
    return " / ".join(line.strip() for line in told.all.strip().splitlines()[-6:])
