"""The stable slugs of the diagnostics this package gives. A reader's own codes stand beside that reader."""

from __future__ import annotations


class Code:
    """What can be wrong with a text before anyone asks what it means, then with its shape."""

    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    CONTROL_CHARACTER = "control-character"
    EMPTY_FILE = "empty-file"
    YAML_SYNTAX = "yaml-syntax"
    JSON_SYNTAX = "json-syntax"
    TOO_DEEP = "too-deep"
    SEVERAL_DOCUMENTS = "several-documents"
    DIRECTIVE = "directive"
    ANCHOR = "anchor"
    ALIAS = "alias"
    TAG = "tag"
    MERGE_KEY = "merge-key"
    DUPLICATE_KEY = "duplicate-key"
    KEY_NOT_TEXT = "key-not-text"
    NOT_FINITE = "not-finite"
    NUMBER_TOO_LONG = "number-too-long"
    COMMENT_CUTS_VALUE = "comment-cuts-value"
    TOO_MANY_PROBLEMS = "too-many-problems"

    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    WRONG_TYPE = "wrong-type"
    NOT_A_CHOICE = "not-a-choice"
    MALFORMED = "malformed"
    OUT_OF_RANGE = "out-of-range"
    WRONG_LENGTH = "wrong-length"
    NOT_ACCEPTED = "not-accepted"
