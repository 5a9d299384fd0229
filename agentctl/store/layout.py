"""Where things lie under ``.agentctl/`` and who may read them. Opens none of them."""

from __future__ import annotations

import os
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.facts import dataclass, kept


@dataclass(frozen=True)
class Layout:
    """The folder ``.agentctl`` of a workspace. With ``group`` its group may read and write all of it."""

    root: Path
    group: bool = False

    @classmethod
    def of(cls, root: Path) -> Layout:
        """Return the layout of an existing folder, which shows by its mode whether a group shares it."""
        return cls(root, group=bool(root.stat().st_mode & 0o020))

    @kept
    def trace(self) -> Path:
        return self.root / "trace"

    @kept
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @kept
    def changesets(self) -> Path:
        return self.root / "changesets"

    @kept
    def packs(self) -> Path:
        return self.root / "packs"

    @kept
    def halts(self) -> Path:
        """Made by the first halt."""
        return self.root / "halts"

    def folders(self) -> tuple[Path, ...]:
        """Return every folder there is, this one first. Follows no link."""
        with os.scandir(self.root) as entries:
            return (self.root, *(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)))

    def statements(self, noun: str) -> Path:
        """Where signed statements of a kind lie (``approvals``…), made by the first."""
        return self.root / f"{noun}s"

    @kept
    def state(self) -> Path:
        return self.root / "state.json"

    @kept
    def state_seal(self) -> Path:
        """What says with the workspace's key that the state is one we wrote."""
        return self.root / "state.json.seal"

    @kept
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def file_mode(self) -> int:
        return 0o660 if self.group else 0o600

    @property
    def folder_mode(self) -> int:
        return 0o2770 if self.group else 0o700

    def refill(self) -> None:
        """Make the folders that were lost and can be filled anew: what plans and packs need. The trace's never is."""
        for folder in (self.changesets, self.packs, self.checkpoints):
            try:
                folder.mkdir()
                folder.chmod(self.folder_mode)
            except FileExistsError:
                if not folder.is_dir():
                    raise Unwritable(
                        "A folder of the workspace is none",
                        f"In the place of {folder} is something else.",
                        hint="Move it away; the folder is made anew by the next command that needs it.",
                    ) from None
            except OSError as error:
                raise Unwritable("A file could not be written", f"{folder}: {error.strerror}.") from error

    def make(self, gid: int | None = None) -> None:
        """Make the folders that are missing, with the right modes whatever the umask; ``gid`` is the sharing group."""
        try:
            for folder in (self.root, self.trace, self.checkpoints, self.changesets, self.packs):
                folder.mkdir(exist_ok=True)
                if gid is not None:
                    os.chown(folder, -1, gid)
                folder.chmod(self.folder_mode)
        except OSError as error:
            raise Unwritable("The workspace could not be made", f"{error.filename}: {error.strerror}.") from error
