"""The stable slugs of what can be wrong with a plan whose text and shape are right. ``syntax.codes`` has the others."""

from __future__ import annotations


class Code:
    """What the loader tells an author. Agents repair plans by these words: add to them, never rename.

    Plain texts: to make enumerations of so many would take a millisecond of each command's start.
    """

    UNREADABLE = "unreadable-file"
    WRONG_TENANT = "wrong-tenant"
    WRONG_ENVIRONMENT = "wrong-environment"
    UNKNOWN_AGENT = "unknown-agent"

    DUPLICATE_STEP = "duplicate-step"
    DUPLICATE_EVIDENCE = "duplicate-evidence"
    UNKNOWN_CONNECTOR = "unknown-connector"
    UNKNOWN_ACTION = "unknown-action"
    INVERSE_ONLY = "inverse-only-action"
    UNKNOWN_ARGUMENT = "unknown-argument"
    MISSING_ARGUMENT = "missing-argument"
    UNKNOWN_STEP = "unknown-step"
    STEP_NOT_EARLIER = "step-not-earlier"
    UNKNOWN_EVIDENCE = "unknown-evidence"
    TARGET_REJECTED = "target-rejected"
    CREATES_NOTHING = "step-creates-nothing"

    UNKNOWN_TAG = "unknown-tag"
    BAD_REFERENCE = "bad-reference"
    BAD_VALUE = "bad-value"
    UNKNOWN_FIELD = "unknown-field"
    SENSITIVE_FIELD = "sensitive-field"
    REFERENCE_TYPE = "reference-type"
    UNKNOWN_PLACEHOLDER = "unknown-placeholder"
    UNUSED_NAME = "unused-name"
    SECRET_REQUIRED = "secret-required"  # noqa: S105  # a slug
    UNKNOWN_SECRET = "unknown-secret"  # noqa: S105  # a slug
    SECRET_NOT_ALLOWED = "secret-not-allowed"  # noqa: S105  # a slug

    EVIDENCE_OUTSIDE = "evidence-outside"
    EVIDENCE_UNREADABLE = "evidence-unreadable"
    EVIDENCE_CHANGED = "evidence-changed"
    QUOTE_NOT_FOUND = "quote-not-found"
