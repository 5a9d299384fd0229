"""Old → new of one field as rows for people: texts line by line, collections by key. Drawing them is not done here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from agentctl.facts import dataclass
from agentctl.views import safe, values
from agentctl.views.look import Detail

_KEYS = ("id", "key", "name", "address", "uid", "path")
_ROWS_SHOWN = 24
_CONTEXT = 2
_LONG = 48                          # characters of one side that still read well in ``old → new``
_WINDOW = 72                        # characters shown of a longer string
_COMPARED_LINES = 250_000           # product of the differing lines of both sides: beyond it, alignment costs too much
_COMPARED_BYTES = 20_000            # deepdiff is for what a person could compare by eye


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a diff. ``sign``: ``+ - ~``, blank is context, ``@`` a place, ``!`` a remark on the line above.

    With both ``old`` and ``new`` it reads ``label: old → new``; with one of them, ``label: value``.
    """

    sign: str
    label: str = ""
    old: str | None = None
    new: str | None = None
    depth: int = 0


def rows(change: Mapping[str, Any], detail: Detail) -> list[Row]:
    """Return the rows of one ``{path, before?, after?}`` of a document; a missing side is absence."""
    label = safe.line(change["path"])
    if "before" not in change:
        return _whole("+", label, change["after"], detail)
    if "after" not in change:
        return _whole("-", label, change["before"], detail)
    old, new = change["before"], change["after"]
    whole = f"now {values.extent(new)}" if isinstance(new, str) else ""
    return list(_capped(_changed(label, old, new, detail, 0), detail, whole))


def _whole(sign: str, label: str, wire: Any, detail: Detail) -> list[Row]:
    if isinstance(wire, str) and "\n" in wire and detail is not Detail.SUMMARY:
        *shown, last = safe.lines(wire)
        shown += [last] if last else []                 # what ends with a newline has no line after it
        head = Row(sign=sign, label=label, new=f"{len(shown):,} line{'' if len(shown) == 1 else 's'}")
        rest = [] if not last else [Row(sign="!", label="no newline at the end", depth=1)]
        lines = (Row(sign=sign, label=text, depth=1) for text in shown)
        return [head, *_capped(lines, detail, values.extent(wire)), *rest]
    return [Row(sign=sign, label=label, new=values.inline(wire, _limit(detail)))]


def _changed(label: str, old: Any, new: Any, detail: Detail, depth: int) -> Iterator[Row]:
    if values.is_hidden(old) and values.is_hidden(new):
        yield Row(sign="~", label=label, new="(hidden, changed)", depth=depth)
    elif isinstance(old, str) and isinstance(new, str):
        yield from _strings(label, old, new, detail, depth)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _collection(label, old, new, detail, depth)
    elif (left := values.mapping(old)) is not None and (right := values.mapping(new)) is not None:
        yield from _mappings(label, left, right, detail, depth)
    else:
        yield from _pair(label, values.inline(old, _limit(detail)), values.inline(new, _limit(detail)), detail, depth)


def _pair(label: str, old: str, new: str, detail: Detail, depth: int) -> Iterator[Row]:
    short = len(old) <= _LONG and len(new) <= _LONG
    if detail is Detail.SUMMARY or (short and not safe.runs_right_to_left(old + new)):
        yield Row(sign="~", label=label, old=old, new=new, depth=depth)
        return
    yield Row(sign="~", label=label + ":", depth=depth)
    yield Row(sign="-", label=old, depth=depth + 1)
    yield Row(sign="+", label=new, depth=depth + 1)


def _strings(label: str, old: str, new: str, detail: Detail, depth: int) -> Iterator[Row]:
    if "\n" in old or "\n" in new:
        yield from _text(label, old, new, detail, depth)
        return
    limit = _limit(detail)
    parting = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, parting - _WINDOW // 3) if limit is not None and max(len(old), len(new)) > limit else 0
    yield from _pair(label, values.quoted(old, limit, start), values.quoted(new, limit, start), detail, depth)
    if safe.confusable(old, new):
        yield Row(sign="!", label=f"looks the same: {safe.code_points(old, new)}", depth=depth + 1)
    if limit is not None and old[start + limit:] != new[start + limit:] and not _same_tail(old, new, start + limit):
        yield Row(sign="!", label="they differ further on as well: --diff full shows all", depth=depth + 1)


def _same_tail(old: str, new: str, end: int) -> bool:
    """Whether all that differs stands before ``end``: then what follows is the same text, moved."""
    tail = min(len(old), len(new)) - end
    return tail <= 0 or old[-tail:] == new[-tail:]


def _text(label: str, old: str, new: str, detail: Detail, depth: int) -> Iterator[Row]:
    before, after = old.split("\n"), new.split("\n")
    if not (before[-1] or after[-1]):
        before, after = before[:-1], after[:-1]         # both end with a newline: that is no line of its own
    start, stop = _common_ends(before, after)
    left, right = before[start:len(before) - stop], after[start:len(after) - stop]
    if len(left) * len(right) <= _COMPARED_LINES:
        from difflib import SequenceMatcher

        codes = SequenceMatcher(None, left, right).get_opcodes()
    else:
        codes = [("replace", 0, len(left), 0, len(right))]
    removed = sum(i2 - i1 for kind, i1, i2, _, _ in codes if kind in ("replace", "delete"))
    added = sum(j2 - j1 for kind, _, _, j1, j2 in codes if kind in ("replace", "insert"))
    extent = f" (now {values.extent(new)})" if detail is Detail.SUMMARY else ""
    yield Row(sign="~", label=label, new=f"+{added:,} −{removed:,} lines{extent}", depth=depth)
    if detail is not Detail.SUMMARY:
        moved = [(k, i1 + start, i2 + start, j1 + start, j2 + start) for k, i1, i2, j1, j2 in codes]
        yield from _hunks(before, after, moved, len(before) if detail is Detail.FULL else _CONTEXT, depth + 1)
    if old and new and old.endswith("\n") != new.endswith("\n"):
        what = "is gone" if old.endswith("\n") else "was added"
        yield Row(sign="!", label=f"the newline at the end {what}", depth=depth + 1)


def _hunks(
    before: list[str], after: list[str], codes: Sequence[tuple[str, int, int, int, int]], context: int, depth: int
) -> Iterator[Row]:
    changed = [code for code in codes if code[0] != "equal"]
    shown = 0                               # lines of ``before`` already passed
    for number, (_, i1, i2, j1, j2) in enumerate(changed):
        top = max(shown, i1 - context)
        if top > shown or not number:
            yield Row(sign="@", label=f"line {top + 1}", depth=depth)
        yield from (Row(sign=" ", label=safe.line(text), depth=depth) for text in before[top:i1])
        yield from (Row(sign="-", label=safe.line(text), depth=depth) for text in before[i1:i2])
        for at, text in enumerate(after[j1:j2]):
            yield Row(sign="+", label=safe.line(text), depth=depth)
            if i2 - i1 == j2 - j1 and safe.confusable(before[i1 + at], text):
                yield Row(sign="!", label=f"looks the same: {safe.code_points(before[i1 + at], text)}", depth=depth + 1)
        following = changed[number + 1][1] if number + 1 < len(changed) else len(before)
        shown = min(following, i2 + context)
        yield from (Row(sign=" ", label=safe.line(text), depth=depth) for text in before[i2:shown])


def _common_ends(before: list[str], after: list[str]) -> tuple[int, int]:
    most = min(len(before), len(after))
    start = next((at for at in range(most) if before[at] != after[at]), most)
    stop = next((at for at in range(most - start) if before[-1 - at] != after[-1 - at]), most - start)
    return start, stop


def _mappings(label: str, old: Mapping[str, Any], new: Mapping[str, Any], detail: Detail, depth: int) -> Iterator[Row]:
    for key in [*old, *(key for key in new if key not in old)]:
        name = f"{label}.{safe.line(key)}"
        if key not in new:
            yield Row(sign="-", label=name, new=values.inline(old[key], _limit(detail)), depth=depth)
        elif key not in old:
            yield Row(sign="+", label=name, new=values.inline(new[key], _limit(detail)), depth=depth)
        elif not _same(old[key], new[key]):
            yield from _changed(name, old[key], new[key], detail, depth)


def _collection(label: str, old: list[Any], new: list[Any], detail: Detail, depth: int) -> Iterator[Row]:
    if detail is Detail.SUMMARY:
        yield Row(sign="~", label=label, new=f"{len(old):,} → {len(new):,} items", depth=depth)
        return
    yield Row(sign="~", label=label + ":", depth=depth)
    if (key := _common_key(old, new)) is not None:
        yield from _keyed(key, old, new, detail, depth + 1)
    elif not any(isinstance(item, list | dict) and not values.tag(item) for item in (*old, *new)):
        yield from _bag(old, new, detail, depth + 1)
    else:
        yield from _positions(old, new, detail, depth + 1)


def _common_key(old: list[Any], new: list[Any]) -> str | None:
    """Return the key that tells the items of both lists apart, if they are mappings that share one."""
    items = [values.mapping(item) for item in (*old, *new)]
    if not items or any(item is None for item in items):
        return None
    for key in _KEYS:
        if all(item is not None and isinstance(item.get(key), str | int) for item in items):
            left, right = _names(key, old), _names(key, new)
            if len(set(left)) == len(left) and len(set(right)) == len(right):
                return key
    return None


def _names(key: str, items: list[Any]) -> list[str]:
    return [json.dumps((values.mapping(item) or {})[key]) for item in items]


def _keyed(key: str, old: list[Any], new: list[Any], detail: Detail, depth: int) -> Iterator[Row]:
    left = dict(zip(_names(key, old), old, strict=True))
    right = dict(zip(_names(key, new), new, strict=True))
    for name, item in left.items():
        label = _place(key, item)
        if name not in right:
            yield Row(sign="-", label=label, new=values.inline(item, _limit(detail)), depth=depth)
        elif not _same(item, right[name]):
            yield from _changed(label, item, right[name], detail, depth)
    for name, item in right.items():
        if name not in left:
            yield Row(sign="+", label=_place(key, item), new=values.inline(item, _limit(detail)), depth=depth)
    if [name for name in left if name in right] != [name for name in right if name in left]:
        yield Row(sign="~", label="their order changed", depth=depth)


def _place(key: str, item: Any) -> str:
    return f"[{key}={values.inline((values.mapping(item) or {})[key], _LONG)}]"


def _bag(old: list[Any], new: list[Any], detail: Detail, depth: int) -> Iterator[Row]:
    left, right = [_identity(item) for item in old], [_identity(item) for item in new]
    for sign, items, names, others in (("-", old, left, right), ("+", new, right, left)):
        surplus = Counter(names) - Counter(others)
        for item, name in zip(items, names, strict=True):
            if surplus[name] > 0:
                surplus[name] -= 1
                yield Row(sign=sign, label=values.inline(item, _limit(detail)), depth=depth)
    if _kept(left, right) != _kept(right, left):
        yield Row(sign="~", label="their order changed", depth=depth)


def _kept(names: list[str], others: list[str]) -> list[str]:
    common = Counter(names) & Counter(others)
    kept = []
    for name in names:
        if common[name] > 0:
            common[name] -= 1
            kept.append(name)
    return kept


def _positions(old: list[Any], new: list[Any], detail: Detail, depth: int) -> Iterator[Row]:
    found = list(_deep(old, new, detail, depth)) if len(_identity(old)) + len(_identity(new)) <= _COMPARED_BYTES else []
    if found:
        yield from found
        return
    yield Row(sign="-", label=values.inline(old, _limit(detail)), depth=depth)
    yield Row(sign="+", label=values.inline(new, _limit(detail)), depth=depth)


def _deep(old: list[Any], new: list[Any], detail: Detail, depth: int) -> Iterator[Row]:
    from deepdiff import DeepDiff

    # By default deepdiff overlooks keys that begin with two underscores; an author could hide a change there.
    tree = DeepDiff(old, new, view="tree", ignore_private_variables=False)
    nodes = [(kind, node) for kind in tree for node in tree[kind]]
    for kind, node in sorted(nodes, key=lambda found: [str(part).zfill(9) for part in _path(found[1])]):
        label = "".join(f"[{values.inline(part, _LONG)}]" for part in _path(node))
        if kind.endswith("_added"):
            yield Row(sign="+", label=label, new=values.inline(node.t2, _limit(detail)), depth=depth)
        elif kind.endswith("_removed"):
            yield Row(sign="-", label=label, new=values.inline(node.t1, _limit(detail)), depth=depth)
        else:
            yield from _changed(label, node.t1, node.t2, detail, depth)


def _path(node: Any) -> list[Any]:
    return list(node.path(output_format="list"))


def _same(old: Any, new: Any) -> bool:
    return _identity(old) == _identity(new)


def _identity(wire: Any) -> str:
    return json.dumps(wire, sort_keys=True)     # tells 1 from true, which == does not


def _capped(found: Iterator[Row], detail: Detail, whole: str) -> Iterator[Row]:
    if detail is Detail.FULL:
        yield from found
        return
    yield from islice(found, _ROWS_SHOWN)
    left = sum(row.sign != "!" for row in found)
    if left:
        extent = f" ({whole})" if whole else ""
        yield Row(sign="@", label=f"… {left:,} more lines{extent}: --diff full shows all", depth=1)


def _limit(detail: Detail) -> int | None:
    return None if detail is Detail.FULL else _WINDOW


def text_of(rows: Sequence[Row]) -> str:
    """Return rows as one short line, for a group's title."""
    return ", ".join(_short(row) for row in rows if not row.depth)


def _short(row: Row) -> str:
    if row.old is not None and row.new is not None:
        return f"{row.label}: {row.old} → {row.new}"
    return f"{row.label}: {row.new}" if row.new is not None else row.label.rstrip(":")
