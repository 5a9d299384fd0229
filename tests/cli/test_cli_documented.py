"""Every command that a page of the documentation shows is one that the command line takes: words, options, arguments."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Group
from click.exceptions import Exit, MissingParameter, UsageError

from agentctl.cli.app import root

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", TOP / "CHANGELOG.md", *sorted((TOP / "docs").rglob("*.md")), *sorted((TOP / "examples").rglob("*.md"))]
_FENCED = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`(agentctl [^`\n]+)`(?!`)")
_TYPED = re.compile(r"^ *(?:\$ +)?(?:[A-Z_]+=\S* +)*(?:exec +)?(agentctl .*)$", re.MULTILINE)
_EXPLAINED = re.compile(r" {2,}[^ -].*$")      # what stands apart behind a command in a block says what it is for
_OPERATORS = set("();<>|&")


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield the commands of the page's blocks and of its text, and of each whether it is typed as it stands there."""
    text = page.read_text()
    for block in _FENCED.findall(text):
        for line in _TYPED.findall(block.replace("\\\n", " ")):
            yield _EXPLAINED.sub("", line), True
    for line in _INLINE.findall(_FENCED.sub("", text)):
        yield line, False


def words_of(line: str) -> list[str]:
    """Return the words a shell hands to the first command of a line."""
    shell = shlex.shlex(line, posix=True, punctuation_chars=True)
    shell.whitespace_split = True
    return list(itertools.takewhile(lambda word: not set(word) <= _OPERATORS, shell))


def taken(words: list[str]) -> None:
    """Parse a command line as far as its command's own arguments, and run nothing. Raises UsageError."""
    command = root()
    context = command.make_context("agentctl", words)
    while isinstance(command, Group) and (words := [*context._protected_args, *context.args]):      # else: names a group
        name, command, words = command.resolve_command(context, words)
        context = command.make_context(name, words, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_every_command_of_the_page_is_taken(page):
    """In the text a command is named as well without what it takes; an option or a word that it does not know is wrong."""
    wrong = []
    for line, typed in commands(page):
        try:
            taken(words_of(line)[1:])
        except MissingParameter as error:
            wrong += [f"{line}: {error.format_message()}"] if typed else []
        except (UsageError, ValueError) as error:
            wrong.append(f"{line}: {error}")
        except Exit:        # --version and --help are answered where they stand
            continue
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("line", [
    "agentctl aply plan.yaml", "agentctl apply --aprove x plan.yaml", "agentctl gc --keep", "agentctl runs one two", "agentctl policy lnt",
])
def test_a_command_that_is_wrong_is_found(line):
    with pytest.raises(UsageError):
        taken(words_of(line)[1:])
