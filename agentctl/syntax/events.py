"""Strict YAML by the events of a YAML parser: reads every text there is, or says what is wrong with it, and where."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from agentctl.model.diagnostic import Severity
from agentctl.syntax.builder import Builder
from agentctl.syntax.codes import Code
from agentctl.syntax.document import Document, Source
from agentctl.syntax.scalars import MAY_MEAN_MORE, NotFinite, TooLong, plain

if TYPE_CHECKING:
    from collections.abc import Callable

# Loaders are used as sources of events only. Without libyaml the events are the same and come ten times slower.
_Events: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# A comment written as one (`value  # why`) cuts nothing short: what is suspicious is `#` with a letter after it.
_CUT: Final = re.compile(r"[ \t]+(?=#[^ \t\r\n#!])")
_NOT_KEYS: Final = frozenset({"<<", "", "~"})
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_END: Final = re.compile(r"\.\.\.(?=[ \t\r\n]|$)")


def read(source: Source, deepest: int) -> Document:
    """Return the YAML document in ``source``, its errors collected. Raises Invalid where nothing can be understood."""
    builder = Builder(source, deepest)
    start = _skip_blank(source.text, 0)
    if source.text.startswith("%", start):
        # libyaml compares every %TAG with all before it; a file of them would keep it busy for hours.
        detail = "Directives (`%YAML`, `%TAG`) are not accepted."
        raise builder.stop(Code.DIRECTIVE, "Directive refused", detail, "Remove the line.", start)
    parser = _Events(source.text)
    try:
        _build(parser.get_event, builder)
    except yaml.YAMLError as error:
        from agentctl.syntax.hints import explain

        detail, hint, at = explain(source, error)
        raise builder.stop(Code.YAML_SYNTAX, "Not valid YAML", detail, hint, at) from error
    finally:
        parser.dispose()
    return builder.finish()


def _build(next_event: Callable[[], Event], builder: Builder) -> None:
    """Drive ``builder`` by the events of one document. The order of the questions is what makes it quick."""
    text = builder.source.text
    may_have_properties = "&" in text or "!" in text
    may_be_cut = " #" in text or "\t#" in text
    key, leaf = builder.key, builder.leaf
    while True:
        event: Any = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            if may_have_properties:
                _refuse_properties(builder, event)
            at = event.start_mark.index
            word = event.value
            if not event.style:
                if builder.wants_key:
                    if word in _NOT_KEYS:
                        _refuse_key(builder, word, at)
                    else:
                        key(word, at)
                else:
                    if may_be_cut and (cut := _CUT.match(text, event.end_mark.index)):
                        _warn_of_cut(builder, word, cut.end())
                    if word and word[0] not in MAY_MEAN_MORE:
                        leaf(word, at)
                    else:
                        _plain(builder, word, at)
            else:
                if event.style == '"':
                    word = builder.checked(word, at)
                (key if builder.wants_key else leaf)(word, at)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if may_have_properties:
                _refuse_properties(builder, event)
            builder.open({} if kind is MappingStartEvent else [], event.start_mark.index)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            builder.close()
        elif kind is AliasEvent:
            _refuse_alias(builder, event)
        elif kind is DocumentStartEvent:
            if event.version or event.tags:
                detail = "Directives (`%YAML`, `%TAG`) are not accepted."
                builder.problem(Code.DIRECTIVE, "Directive refused", detail, "Remove the line.", event.start_mark.index)
        elif kind is DocumentEndEvent:
            # The rest is looked at as text: a second document's directives alone could keep libyaml busy for hours.
            _refuse_rest(builder, event.start_mark.index)
            return
        elif kind is StreamEndEvent:
            raise builder.stop(Code.EMPTY_FILE, "Empty file", "There is nothing in this file.", "", 0)


def _refuse_key(builder: Builder, word: str, at: int) -> None:
    if word == "<<":
        detail = "`<<` would merge another mapping into this one unseen."
        builder.problem(Code.MERGE_KEY, "Merge key refused", detail, "Write the entries out.", at)
    else:
        builder.problem(Code.KEY_NOT_TEXT, "Key is not text", "This entry has no key.", "", at)
    builder.no_key()


def _plain(builder: Builder, word: str, at: int) -> None:
    try:
        value = plain(word)
    except NotFinite:
        builder.not_finite(word, at)
        builder.leaf(None, at)
    except TooLong:
        builder.too_long(at)
        builder.leaf(None, at)
    else:
        if type(value) is int or type(value) is Decimal:
            builder.number(value, at)
        else:
            builder.leaf(value, at)


def _refuse_properties(builder: Builder, event: Any) -> None:
    at = event.start_mark.index
    if event.anchor is not None:
        detail = f"`&{event.anchor}` names this node so that others can repeat it unseen."
        hint = 'If text is meant, put it in quotes; "&" begins an anchor.'
        builder.problem(Code.ANCHOR, "Anchor refused", detail, hint, at)
    if event.tag is not None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        detail = f"`{tag}` would give this node a type of its own."
        hint = 'If text is meant, put it in quotes; "!" begins a tag.'
        builder.problem(Code.TAG, "Tag refused", detail, hint, at)


def _refuse_alias(builder: Builder, event: Any) -> None:
    at = event.start_mark.index
    detail = f"`*{event.anchor}` would repeat another node unseen."
    hint = f'Write the value out; if text is meant, put it in quotes: "*{event.anchor}".'
    builder.problem(Code.ALIAS, "Alias refused", detail, hint, at)
    if builder.wants_key:
        builder.no_key()
    else:
        builder.leaf(None, at)


def _refuse_rest(builder: Builder, at: int) -> None:
    text = builder.source.text
    end = _skip_blank(text, at + 3 if _END.match(text, at) else at)
    if end < len(text):
        detail = "A second document begins here; a file holds one."
        builder.problem(Code.SEVERAL_DOCUMENTS, "Several documents", detail, "Put it in a file of its own.", end)


def _skip_blank(text: str, at: int) -> int:
    """Return where, from ``at`` on, something stands that is neither white space nor comment.

    A loop, because a pattern that repeats a group keeps 300 bytes for every time it does.
    """
    while True:
        found = _BLANK.match(text, at)
        at = found.end() if found else at
        if not text.startswith("#", at):
            return at
        end_of_line = text.find("\n", at)
        at = len(text) if end_of_line < 0 else end_of_line


def _warn_of_cut(builder: Builder, word: str, at: int) -> None:
    text = builder.source.line(builder.source.span(at).line)
    detail = f"The value is `{word[-60:]}`; ` #` began a comment, and what follows was not read: `{text[-60:]}`."
    hint = "If the rest belongs to the value, put the whole value in quotes."
    builder.problem(
        Code.COMMENT_CUTS_VALUE, "Comment may cut a value short", detail, hint, at, severity=Severity.WARNING
    )
