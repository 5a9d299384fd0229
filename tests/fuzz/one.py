"""Fuzzes one target in this process, guided by which branches of agentctl an input reaches. Ends as libFuzzer does."""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    """Take the target's name first, then libFuzzer's own arguments."""
    program, name, *arguments = sys.argv
    with atheris.instrument_imports(include=["agentctl"]):
        from tests.fuzz.targets import target

        judge = target(name)
    atheris.Setup([program, *arguments], judge)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
