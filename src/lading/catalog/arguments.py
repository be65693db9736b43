"""The words of a command: options and their values, plain arguments, what only wraps a program."""

from collections.abc import Iterator
from functools import cache

from lading.catalog.tables import table
from lading.core.pattern import pattern
from lading.syntax.shell import Word

Arguments = list[Word]

_NAME = pattern(r"-{0,2}\+{0,2}[A-Za-z][\w.-]*\Z")
_ASSIGNMENT = pattern(r"[A-Za-z_]\w*=")
_PYTHON = pattern(r"python[\d.]*|pypy3?")
_RUNNERS = frozenset({"uv", "poetry", "pdm", "hatch", "rye", "pipenv", "conda", "pixi"})


def options(words: Arguments) -> Iterator[tuple[str, Word]]:
    """Every option with its value: `--name value`, `--name=value`, `name=value`; several values count one by one."""
    for number, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        if equals and _NAME.match(name):
            yield name.lstrip("+"), Word(value, word.line, word.literal)
        elif word.text.startswith("-") and not equals:
            for place in range(number + 1, len(words)):
                following = words[place]
                if following.text.startswith("-"):
                    break
                yield word.text, following
                if "/" not in following.text:
                    break


def values(words: Arguments, *names: str) -> list[Word]:
    """The values of options of these names."""
    return [value for name, value in options(words) if name in names]


def plain(words: Arguments, *, with_value: frozenset[str] = frozenset()) -> list[Word]:
    """The arguments that are no options nor values of options."""
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.text.startswith("-"):
            skip = word.text in with_value or ("=" not in word.text and word.text not in _flags() and bool(_NAME.match(word.text)))
        else:
            found.append(word)
    return found


def unwrapped(words: Arguments) -> Arguments:
    """The words without what only wraps a program: sudo, env, `python -m`, `uv run`."""
    start, end = 0, len(words)
    while start < end:
        first = words[start].text
        name = first.rpartition("/")[2]
        following = words[start + 1].text if start + 1 < end else ""
        if name in _wrappers():
            start += 1
            while start < end and (words[start].text.startswith("-") or "=" in words[start].text or words[start].text.isdigit()):
                start += 1
        elif _ASSIGNMENT.match(first) and following:
            start += 1
        elif (_PYTHON.fullmatch(name) and following == "-m") or (name in _RUNNERS and following == "run"):
            start += 2
        elif name == "uv" and following == "pip":
            start += 1
        else:
            break
    return words[start:]


@cache
def _flags() -> frozenset[str]:
    return frozenset(table("programs")["flags"])


@cache
def _wrappers() -> frozenset[str]:
    return frozenset(table("programs")["wrappers"])
