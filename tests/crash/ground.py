"""One place where a story is told over and over: a workspace put back as it was before each trial."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.crash.shim import Ended, Mishap, Zygote
from tests.e2e.house import House, build

ANSWERS = ("yes", "send 1", "yes")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A workspace at a path that stays: what was consented to in it names that path."""

    folder: Path
    zygote: Zygote

    @property
    def house(self) -> House:
        return House(root=self.folder / "now/ws", home=self.folder / "now/home")

    def clear(self) -> House:
        """Make a fresh workspace with systems of every kind, personal data in one of them."""
        house = self.house
        shutil.rmtree(self.folder / "now", ignore_errors=True)
        (self.folder / "now").mkdir(parents=True)
        build(self.folder / "now")
        wire = yaml.safe_load((house.root / "agentctl.yaml").read_text())
        wire["connectors"]["mem"]["sealed"] = ["email"]
        (house.root / "agentctl.yaml").write_text(yaml.safe_dump(wire, sort_keys=False))
        shutil.rmtree(house.root / "code/.git/hooks", ignore_errors=True)
        return house

    def keep(self, name: str) -> None:
        """Keep the workspace as it stands, to come back to."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.folder / "now", self.folder / name, symlinks=True)

    def restore(self, name: str) -> House:
        shutil.rmtree(self.folder / "now")
        shutil.copytree(self.folder / name, self.folder / "now", symlinks=True)
        return self.house

    def run(self, *arguments: str | Path, mishap: Mishap | None = None, log: bool = False) -> Ended:
        return self.zygote.run(self.house, *arguments, mishap=mishap, log=log)

    def typed(self, *arguments: str | Path, mishap: Mishap | None = None, log: bool = False) -> Ended:
        return self.zygote.typed(self.house, *arguments, answers=ANSWERS, mishap=mishap, log=log)

    def ours(self) -> tuple[Path, ...]:
        """Return where agentctl's own files lie."""
        return (self.house.ours, self.house.key.parent)

    def everything(self) -> tuple[Path, ...]:
        """Return where its files and those of the systems lie."""
        return (self.house.root, self.house.key)

    def kind(self, path: str) -> str:
        """Return what kind of file a path names: its name without what is different every time."""
        name = path.removeprefix(f"{self.folder}/now/").removeprefix("ws/")
        for pattern, word in _VARIES:
            name = re.sub(pattern, word, name)
        return name


_VARIES = (
    (r"\.git/objects/.*", ".git/objects"),
    (r"agentctl-index-[\w-]+", "agentctl-index"),
    (r"trace/\d{6}-run-[a-z0-9]+", "trace/run"),
    (r"trace/\d{6}-[a-z]+-[a-z0-9]+", "trace/act"),
    (r"(?<=checkpoints/)\.?\d{6}-[a-z]+-[a-z0-9]+", "of"),
    (r"home/.config/agentctl/keys/.*", "key"),
    (r"[0-9a-f]{12,}", "H"),
    (r"\.\d+\.new", ".new"),
    (r"(?<=packs/)(?!changeset)[a-z0-9]{8}", "RUN"),
)

