"""Reads what an author who wishes us ill may write, in four sizes, and times it within one process. Prints JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from agentctl.errors import Invalid
from agentctl.policy.globs import target
from agentctl.syntax.yaml import read

SIZES = (64, 128, 256, 512)     # KiB
_TIMES = 3
_INPUTS: dict[str, Callable[[int], str]] = {
    "depth": lambda size: "[" * size,
    "depth in blocks": lambda size: "- " * (size // 2),
    "width, keys": lambda size: "\n".join(f"k{number}: v" for number in range(size // 9)),
    "width, entries": lambda size: "- v\n" * (size // 4),
    "one long text": lambda size: f"k: {'a b ' * (size // 4)}",
    "one long quoted text": lambda size: 'k: "' + "\\u00e9" * (size // 6) + '"',
    "one long block": lambda size: "k: |\n" + "  line\n" * (size // 7),
    "keys said twice": lambda size: "k: v\n" * (size // 5),
    "anchors": lambda size: "".join(f"k{number}: &a{number} v\n" for number in range(size // 16)),
    "comments": lambda size: "k: v\n" + "# a\n" * (size // 4),
}


def main() -> None:
    found = {name: [least(judged, make(size * 1024).encode()) for size in SIZES] for name, make in _INPUTS.items()}
    found["a target that nearly fits"] = [least(target("*a*a*a*a*b"), "a" * size * 1024) for size in SIZES]
    print(json.dumps({"kib": SIZES, "cpu": found}))


def judged(data: bytes) -> None:
    with suppress(Invalid):     # which is what most of it is
        read(data, "plan.yaml")


def least(act: Callable[[Any], object], given: bytes | str) -> float:
    """Return the least CPU seconds of a few tries: what disturbs only adds."""
    times = []
    for _ in range(_TIMES):
        began = time.process_time()
        act(given)
        times.append(time.process_time() - began)
    return min(times)


main()
