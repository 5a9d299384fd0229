"""Which branch or which file an address names: one address for each, and no way out of the repository. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors import gitnames
from agentctl.connectors.rest.names import Names
from agentctl.connectors.rest.template import Parameter, Pending, Template
from agentctl.errors import Rejected
from agentctl.facts import dataclass, replace
from agentctl.model.snapshot import Address, within

_LOWER = {name: Parameter(name=name, lower=True) for name in ("owner", "repo")}
_LIKE = {"branches": "main", "files": "main:docs/index.md"}


def _template(collection: str) -> Template:
    return Template(
        text=f"{{owner}}/{{repo}}/{collection}/{{name}}",
        parameters={**_LOWER, "name": Parameter(name="name", type="path")},
    )


_TEMPLATES: Mapping[str, Template] = {collection: _template(collection) for collection in _LIKE}


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch. ``name`` may also be a whole commit id, where something is only read."""

    owner: str
    repo: str
    name: str

    @property
    def repository(self) -> str:
        """The path of the repository's own record in the API."""
        return Template(text="/repos/{owner}/{repo}").path({"owner": self.owner, "repo": self.repo})

    @property
    def target(self) -> str:
        return _TEMPLATES["branches"].format({"owner": self.owner, "repo": self.repo, "name": self.name})

    def file(self, path: str) -> File:
        return File(branch=self, path=path)


@dataclass(frozen=True, kw_only=True)
class File:
    branch: Branch
    path: str

    @property
    def target(self) -> str:
        branch = self.branch
        named = {"owner": branch.owner, "repo": branch.repo, "name": f"{branch.name}:{self.path}"}
        return _TEMPLATES["files"].format(named)


@dataclass(frozen=True, kw_only=True)
class Places:
    """The branches and files of one instance."""

    names: Names

    def owns(self, address: Address) -> bool:
        """Whether ``address`` is of one of the kinds that are named here."""
        return any(_TEMPLATES[kind].parse(within(address)) is not None for kind in _of(within(address)))

    def address(self, place: Branch | File) -> Address:
        return Address(f"{self.names.instance}/{place.target}")

    def at(self, address: Address) -> Branch | File:
        """Return what an address names."""
        kind = "".join(_of(within(address)))
        return self.branch(within(address), reading=True) if kind == "branches" else self.file(within(address))

    def branch(self, target: str, *, reading: bool = False) -> Branch:
        """Return the branch of a target. Raises Rejected where it is none, or not this instance's."""
        named = self._named("branches", target)
        if not (reading and gitnames.is_sha(named["name"])):
            gitnames.branch(named["name"])
        return Branch(**named)

    def file(self, target: str) -> File:
        """Return the file of a target, OWNER/REPO/files/BRANCH:PATH; a whole commit id may stand for the branch."""
        named = self._named("files", target)
        name, colon, path = named["name"].partition(":")
        if not colon:
            raise Rejected(
                "Target malformed", f"{target[:200]!r} does not say on which branch the file is.",
                hint=f"Write OWNER/REPO/files/BRANCH:PATH, as in acme/shop/files/{_LIKE['files']}.",
            )
        if not gitnames.is_sha(name):
            gitnames.branch(name)
        return File(branch=replace(Branch(**named), name=name), path=gitnames.path(path))

    def _named(self, collection: str, target: str) -> dict[str, str]:
        named = _TEMPLATES[collection].parse(target)
        if named is None:
            raise Rejected(
                "Target malformed",
                f"{target[:200]!r} is not OWNER/REPO/{collection}/NAME, as acme/shop/{collection}/{_LIKE[collection]}.",
            )
        if isinstance(named["name"], Pending):       # else whoever reads addresses takes it for what is not made yet
            raise Rejected("Target malformed", f"{target[:200]!r} is written with `new%3A`.")
        self.names.admit(target)
        return dict(named)


def _of(target: str) -> tuple[str, ...]:
    """Return the kind of record that a target is of, if it is one of ours."""
    parts = target.split("/", 3)
    return (parts[2],) if len(parts) == 4 and parts[2] in _TEMPLATES else ()
