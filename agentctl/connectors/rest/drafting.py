"""A first manifest from an OpenAPI description: every guess is the careful one, and says so. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agentctl.connectors.rest.described import Description, Members, Type, nameable
from agentctl.connectors.rest.lint import faults
from agentctl.connectors.rest.openapi import undescribed
from agentctl.connectors.rest.pointer import ABSENT
from agentctl.errors import Invalid
from agentctl.facts import dataclass, field
from agentctl.syntax.suggest import did_you_mean

_MOST = 100
_PATH: Final = re.compile(r"(/([A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9_-]{0,62}\})){1,20}")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_METHODS = ("get", "post", "put", "patch", "delete")
_PAGING = frozenset({
    "page", "per_page", "page_size", "pagesize", "size", "limit", "offset", "cursor", "after", "before", "start",
    "page_token", "pagetoken", "next", "_limit", "_token", "_since", "skip", "top", "max_results", "maxresults",
})
_STAYS = "Everything, until this manifest says how it is undone."
_FIELDS = "check: what changes by itself is `volatile`, what nobody may be shown is `sensitive`"
_UNDO = "check: can it be undone? Then say `reversibility` and `inverse`; else say here what stays"
_ASK = "check: does the system compare versions, know a repeated request, keep a mark? Until then a person settles"

Place = tuple[str | int, ...]


@dataclass
class Draft:
    """``wire`` is the manifest; ``comments`` stand beside its parts; ``left_out`` holds foreign text."""

    wire: dict[str, Any]
    comments: dict[Place, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def draft(name: str, document: Mapping[str, Any], include: Sequence[str]) -> Draft:
    """Return a manifest that fits its format and the description. Raises Invalid where there is nothing to draft."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
        raise Invalid("Name not usable", f"{name!r} is not small letters, digits and underscores.")
    if not str(document.get("openapi", "")).startswith("3."):
        raise Invalid("Description not usable", "It does not say `openapi: 3.…`; other formats are not read.")
    description = Description(document)
    made = Draft({
        "version": 1, "kind": "ConnectorManifest", "name": name, "release": "0",
        "summary": "A draft, made from an OpenAPI description.", "records": {}, "verbs": {},
    })
    _authorize(made, description)
    paths: Mapping[str, Any] = {
        path: item for path, item in document["paths"].items() if _included(path, description.resolved(item), include)
    }
    for wanted in include:
        if not any(_included(path, description.resolved(item), [wanted]) for path, item in paths.items()):
            hint = did_you_mean(wanted, document["paths"])
            raise Invalid("Nothing to include", f"The description has no path and no tag {wanted!r}.", hint=hint)
    for path in sorted(paths, key=lambda path: (path.count("{"), path)):
        item = description.resolved(paths[path])
        if not path.endswith("}"):
            if _template(path + "/{id}") is None or not any(_collects(path, other) for other in paths):
                made.left_out.append(f"{path}: no path of one record below it")
            continue
        if len(made.wire["records"]) == _MOST:
            raise Invalid("Too much for one draft", f"There are over {_MOST} kinds of records.", hint="Say --include.")
        _Record(made, description, path, item, document["paths"]).draft()
    _fit(made, document)
    if not made.wire["records"]:
        why = "".join(f"\n- {line}" for line in made.left_out[:20])
        raise Invalid("Nothing to draft", f"No record could be drafted:{why}" if why else "No path names one record.")
    return made


def _included(path: object, item: Mapping[str, Any], include: Sequence[str]) -> bool:
    if not isinstance(path, str):
        return False
    if not include:
        return True
    tags: set[str] = set()
    for method in _METHODS:
        operation = item.get(method)
        said = operation.get("tags") if isinstance(operation, Mapping) else None
        tags.update(tag for tag in said if isinstance(tag, str)) if isinstance(said, list) else None
    return any(path == one or path.startswith(one.rstrip("/") + "/") or one in tags for one in include)


def _collects(path: str, other: object) -> bool:
    return isinstance(other, str) and other.endswith("}") and other.rpartition("/")[0] == path


def _authorize(made: Draft, description: Description) -> None:
    components = description.mapping(description.document, "components")
    schemes = description.mapping(components, "securitySchemes")
    found = [description.resolved(one) for one in schemes.values()]
    for scheme in found if len(found) == 1 else ():
        header = scheme.get("name")
        if scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "basic":
            made.wire["authorization"] = {"scheme": "Basic"}
        elif (scheme.get("type"), scheme.get("in")) == ("apiKey", "header") and _HEADER.fullmatch(str(header)):
            made.wire["authorization"] = {"header": header, "scheme": ""}
    if "authorization" in made.wire:
        made.comments[("authorization",)] = "check: how the token is sent, by the description"
    else:
        made.comments[("records",)] = "check: without `authorization` it is Bearer; is there a path for `whoami`?"


def _fit(made: Draft, document: Mapping[str, Any]) -> None:
    """Take out what the format or the description does not allow, until nothing is wrong."""
    while made.wire["records"]:
        fault = next(faults(made.wire), None) or next(undescribed(made.wire, document), None)
        if fault is None:
            return
        match fault.pointer:
            case ("records", str(name), "list", *_):
                del made.wire["records"][name]["list"]
                made.wire["verbs"].pop(f"{name}.list", None)
                name = f"the list of {name}"
            case ("records", str(name), *_):
                del made.wire["records"][name]
                _without_verbs(made, name)
            case ("verbs", str(name), *_):
                del made.wire["verbs"][name]
            case _:
                raise Invalid("Draft not valid", f"What this description says cannot be drafted: {fault.detail}")
        made.left_out.append(f"{name}: {fault.detail}")


def _without_verbs(made: Draft, record: str) -> None:
    made.wire["verbs"] = {name: verb for name, verb in made.wire["verbs"].items() if verb["record"] != record}


def _template(path: str) -> str | None:
    """Return the path with its places named as manifests name them, None where that cannot be."""
    if not _PATH.fullmatch(path):
        return None
    made = _PLACE.sub(lambda place: f"{{{snake(place[1])}}}", path)
    names = _PLACE.findall(made)
    fitting = all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    return made if fitting and len(set(names)) == len(names) else None


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(".", "_").replace("~", "_").lower()


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word


class _Record:
    """One kind of record, drafted from the path of one of them and the path that path lies in."""

    def __init__(
        self, made: Draft, description: Description, path: str, item: Mapping[str, Any], paths: Mapping[str, Any]
    ) -> None:
        self.made, self.description, self.path, self.item = made, description, path, item
        self.collection = path.rpartition("/")[0]
        self.above = description.resolved(paths.get(self.collection))
        self.name = ""
        self.wrapper = ""
        self.fields: dict[str, Type] = {}
        self.written: frozenset[str] = frozenset()
        self.id = ""

    def draft(self) -> None:
        template = _template(self.path)
        get = self.description.mapping(self.item, "get")
        if template is None or not self.collection:
            return self._leave("its path cannot be an address")
        if not get:
            return self._leave("one of them cannot be read: it has no GET")
        schema, headers = self.description.answer(get, "200", "2XX", "default")
        members = self.description.members(schema) if schema is not ABSENT else None
        if members is None or not members.schemas:
            return self._leave("its answer is not described as a JSON object")
        self.name = self._named(template)
        if not self.name:
            return self._leave("no name for it could be made of its path")
        self.wrapper = self._wrapped(members)
        inner = self.description.members(members.schemas[self.wrapper]) if self.wrapper else members
        self._take_fields(inner)
        self.id = self._identity(template, inner)
        record: dict[str, Any] = {"address": template[1:]}
        place: Place = ("records", self.name)
        if parameters := self._parameters(get):
            record["parameters"] = parameters
        record["path"] = template
        if self.wrapper:
            record["at"] = f"/{self.wrapper}"
        record["fields"] = {key: self._field(one) for key, one in self.fields.items()}
        self.made.wire["records"][self.name] = record
        self.made.comments[(*place, "fields")] = _FIELDS
        self.made.comments[(*place, "address")] = "check: plans and policies name records like this"
        if any(header.lower() == "etag" for header in headers if isinstance(header, str)):
            self.made.comments[(*place, "path")] = "check: is the ETag a version? Then: `token: {header: ETag}`"
        self._verb("read", "read", f"Read one {self._words}.")
        self._list(template)
        self._effects(template)
        return None

    @property
    def _words(self) -> str:
        return self.name.replace("_", " ")

    def _leave(self, why: str, what: str = "") -> None:
        self.made.left_out.append(f"{what or self.path}: {why}")

    def _named(self, template: str) -> str:
        words = [snake(word) for word in template[1:].split("/") if "{" not in word]
        words = [word for word in words if re.fullmatch(r"[a-z][a-z0-9_]*", word)]
        singular = list(map(_singular, words))
        for count in range(1, len(singular) + 1):
            if (name := "_".join(singular[-count:])) not in self.made.wire["records"] and len(name) <= 64:
                return name
        return ""

    def _wrapped(self, members: Members) -> str:
        """Return the one member in which the record is, where the answer looks like that."""
        for name in ("data", self.name):
            if name in members.schemas and self.description.members(members.schemas[name]).schemas:
                return name
        return ""

    def _take_fields(self, members: Members) -> None:
        written: set[str] = set()
        for name, schema in members.schemas.items():
            said = self.description.resolved(schema)
            if said.get("writeOnly") is True:
                continue
            kind = self.description.type(schema)
            if not nameable(name):
                self._leave("no name for a field", f"{self.name}.{name}")
            elif kind is None:
                self._leave("not one closed type; say `schema`, and `at` or `each`", f"{self.name}.{name}")
            else:
                self.fields[name] = kind
                if said.get("readOnly") is not True:
                    written.add(name)
        self.written = frozenset(written)

    def _identity(self, template: str, members: Members) -> str:
        """Return the member that fills the last place of the path, where it can be told."""
        place = _PLACE.findall(template)[-1]
        by_name = {snake(name): name for name in self.fields if self.fields[name].kind in ("string", "integer")}
        ends = (place, *(place[index + 1:] for index, letter in enumerate(place) if letter == "_"))
        return next((by_name[end] for end in ends if end in by_name), "")

    def _parameters(self, get: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for one in self.description.parameters(self.item, get):
            if one.get("in") == "path" and f"{{{one['name']}}}" in self.path:
                kind = self.description.type(one.get("schema"))
                if kind is not None and kind.schema.get("type") == "integer":
                    made[snake(one["name"])] = {"type": "integer"}
        return made

    def _field(self, kind: Type) -> dict[str, Any]:
        made: dict[str, Any] = {"schema": dict(kind.schema)}
        if kind.stands_for:
            made["as"] = kind.stands_for
        if kind.secret:
            made["sensitive"] = True
        return made

    def _verb(self, word: str, effect: str, summary: str, **said: Any) -> Place:
        self.made.wire["verbs"][f"{self.name}.{word}"] = {
            "summary": summary, "record": self.name, "effect": effect, **said
        }
        return ("verbs", f"{self.name}.{word}")

    def _list(self, template: str) -> None:
        get = self.description.mapping(self.above, "get")
        what = f"the list at {self.collection}"
        if not get:
            return None
        schema, headers = self.description.answer(get, "200", "2XX", "default")
        where = self._array(schema)
        if where is None or not self.id:
            unknown = "where its records are" if where is None else "what its records are called"
            return self._leave(f"{unknown} is not plain", what)
        pointer, items = where
        if self.id not in self.description.members(items).schemas:
            return self._leave(f"its records have no `{self.id}`", what)
        query = {
            one["name"]: one for one in self.description.parameters(self.above, get) if one.get("in") == "query"
        }
        asked = {name.lower() for name in query} & _PAGING
        pages = self._pages(schema, headers, query)
        if pages is None and asked:
            return self._leave("it has pages, and how they go on is not plain; say `pages`", what)
        place = _PLACE.findall(template)[-1]
        above = template.rpartition("/")[0]
        made: dict[str, Any] = {"address": above[1:], "path": above}
        filters = {}
        for name, one in query.items():
            kind = self.description.type(one.get("schema"))
            plain = kind is not None and not kind.stands_for and kind.schema.get("type") != "array"
            free = name.lower() not in _PAGING and nameable(name) and not one.get("required")
            if free and kind is not None and plain:
                filters[name] = dict(kind.schema)
        if filters:
            made["filters"] = filters
        if pointer:
            made["at"] = pointer
        made["item"] = {place: f"/{self.id}"}
        if pages is not None:
            made["pages"] = pages
        here: Place = ("records", self.name, "list")
        self.made.wire["records"][self.name]["list"] = made
        self.made.comments[(*here, "item")] = "check: this is what the last part of the address is"
        whole = "without a filter, does it hold all of them?" if pages is not None else "is all of it in one answer?"
        self.made.comments[(*here, "path")] = f"check: {whole}"
        self._verb("list", "list", f"Read the list of {self._words} records.")
        return None

    def _array(self, schema: Any) -> tuple[str, Any] | None:
        """Return where in an answer its one array is, and the schema of what it holds."""
        node = self.description.resolved(schema) if schema is not ABSENT else {}
        if node.get("type") == "array":
            return "", node.get("items")
        found = [
            (f"/{name}", said.get("items")) for name, one in self.description.members(node).schemas.items()
            if (said := self.description.resolved(one)).get("type") == "array" and nameable(name)
            and self.description.members(said.get("items")).schemas
        ]
        return found[0] if len(found) == 1 else None

    def _pages(
        self, schema: Any, headers: Mapping[str, Any], query: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any] | None:
        names = {name.lower(): name for name in headers if isinstance(name, str)}
        if "link" in names:
            return {"by": "link"}
        if "next-page" in names:
            return {"by": "header", "name": names["next-page"]}
        following = self.description.resolved(self.description.members(schema).schemas.get("next"))
        text = following.get("type") in ("string", ["string", "null"])
        if text and following.get("format") in ("uri", "uri-reference"):
            return {"by": "next", "at": "/next"}
        return None

    def _effects(self, template: str) -> None:
        create = self.description.mapping(self.above, "post")
        if create:
            self._create(create, template)
        patch, put = self.description.mapping(self.item, "patch"), self.description.mapping(self.item, "put")
        if patch:
            self._update(patch, "PATCH")
            if put:
                self._leave("PATCH is drafted; what PUT drops is not plain", f"PUT {self.path}")
        elif put:
            self._update(put, "PUT")
        if self.description.mapping(self.item, "delete"):
            place = self._verb(
                "delete", "delete", f"Delete one {self._words}.", tier="execute", **_CAREFUL,
                request={"method": "DELETE"},
            )
            self._doubts(place)
        if self.description.mapping(self.item, "post"):
            self._leave("what it does is not plain", f"POST {self.path}")

    def _create(self, operation: Mapping[str, Any], template: str) -> None:
        what = f"POST {self.collection}"
        schema, _ = self.description.answer(operation, "201", "200")
        answer = self.description.members(schema).schemas if schema is not ABSENT else {}
        if self.wrapper:
            answer = self.description.members(answer.get(self.wrapper)).schemas
        if not self.id or self.id not in answer:
            return self._leave("its answer does not say what the new record is called", what)
        said = self._arguments(operation, what)
        if said is None:
            return None
        body = said.pop("body")
        at = (f"/{self.wrapper}" if self.wrapper else "") + f"/{self.id}"
        place = self._verb(
            "create", "create", f"Create one {self._words}.", tier="write", **_CAREFUL, **said,
            assigns={_PLACE.findall(template)[-1]: at},
            request={"method": "POST", "path": template.rpartition("/")[0], "body": body},
        )
        self._doubts(place)
        self.made.comments[(*place, "assigns")] = "check: this is what the last part of the new address is"
        return None

    def _update(self, operation: Mapping[str, Any], method: str) -> None:
        said = self._arguments(operation, f"{method} {self.path}")
        if said is None:
            return
        body = said.pop("body")
        if method == "PUT":
            said["replaces"] = True
        place = self._verb(
            "update", "update", f"Set fields of one {self._words}.", tier="write", **_CAREFUL, **said,
            request={"method": method, "body": body},
        )
        self._doubts(place)
        if method == "PUT":
            self.made.comments[(*place, "replaces")] = "check: does PUT drop fields it is not given? Does it create?"
        else:
            self.made.comments[(*place, "sets")] = "check: other fields stay as they are"

    def _arguments(self, operation: Mapping[str, Any], what: str) -> dict[str, Any] | None:
        """Return what a verb sets and how it is sent, None where it cannot be said."""
        schema = self.description.body(operation)
        if schema is ABSENT:
            self._leave("it takes no JSON that is described", what)
            return None
        members = self.description.members(schema)
        wrapper = self.wrapper if self.wrapper in members.schemas else ""
        if wrapper:
            members = self.description.members(members.schemas[wrapper])
        sets: list[str] = []
        arguments: dict[str, Any] = {}
        for name, one in members.schemas.items():
            if self.description.resolved(one).get("readOnly") is True:
                continue
            kinds = self.description.alternatives(one)
            ours = self.fields.get(name)
            kind = self.description.type(one)
            if ours is not None and name in self.written and ours.kind in [each.kind for each in kinds if each]:
                sets.append(name)
            elif name in members.required and name not in self.fields and nameable(name) and kind is not None:
                arguments[name] = {"schema": dict(kind.schema), **({"secret": True} if kind.secret else {})}
            else:
                self._leave("what is sent and what is read are not of one closed type", f"`{name}` of {what}")
        needed = [name for name in (*sets, *arguments) if name in members.required]
        if missing := sorted(members.required - set(needed) - self._read_only(members)):
            self._leave(f"it must be given `{missing[0]}`, which could not be drafted", what)
            return None
        if not sets:
            self._leave("it sets no field that could be drafted", what)
            return None
        body = {"$arguments": True}
        return {
            "sets": sets, **({"arguments": arguments} if arguments else {}), **({"required": needed} if needed else {}),
            "body": {wrapper: body} if wrapper else body,
        }

    def _read_only(self, members: Members) -> set[str]:
        return {name for name, one in members.schemas.items() if self.description.resolved(one).get("readOnly") is True}

    def _doubts(self, place: Place) -> None:
        self.made.comments[(*place, "tier")] = "check: how much power this is"
        self.made.comments[(*place, "stays")] = _UNDO
        self.made.comments[(*place, "settle")] = _ASK


_CAREFUL: Final = {"reversibility": "none", "stays": _STAYS, "precondition": "none", "settle": "ask"}
