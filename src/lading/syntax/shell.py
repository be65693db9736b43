"""Shell text as commands with the line of every word: quotes, continuations, variables with known values, pipes; nothing is run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<space>[ \t\r]+|\\\r?\n)|(?P<comment>(?<![^\s;&|(`])#[^\n]*)|(?P<heredoc><<-?\s*(?P<quote>[\"']?)(?P<end>\w+)(?P=quote))"
    r"|(?P<operator>&&|\|\||;;|[;&|()\n`]|\$\(|[{}](?=\s|$))|(?P<redirect>\d?(?:>>?|<)&?\d?)"
    r"|(?P<word>(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\{[^}]*\}|\\.|[^\s;&|()<>\"'`\\])+)|(?P<other>.)",
    re.DOTALL,
)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*|\d+)(?:(?P<operator>:?[-=])(?P<default>[^}]*))?\}|(?P<plain>[A-Za-z_]\w*))")
_QUOTES = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|\\(.)", re.DOTALL)
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "case", "esac", "{", "}", "!", "in", "time", "function"}
)
MOST_COMMANDS = 20_000


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its quotes removed and known variables filled in, and the line it stands on (from 0)."""

    text: str
    line: int


@dataclass(slots=True)
class Command:
    """A simple command; `feeds` is the name of the program it is piped into."""

    words: list[Word] = field(default_factory=list)
    feeds: str = ""

    @property
    def name(self) -> str:
        """The program without its folder."""
        return self.words[0].text.rpartition("/")[2] if self.words else ""


def commands(text: str, known: dict[str, str] | None = None) -> list[Command]:
    """The commands of shell text in order; variables assigned on the way, and those in `known`, are filled in."""
    reader = _Reader(dict(known or {}))
    for kind, lexeme, line in _tokens(text):
        reader.take(kind, lexeme, line)
        if len(reader.done) > MOST_COMMANDS:
            break
    reader.end("")
    return reader.done


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position, line = 0, 0
    pending: list[str] = []
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return
        kind, lexeme = str(match.lastgroup), match[0]
        if match["heredoc"]:
            pending.append(match["end"])
        elif kind in {"operator", "word", "redirect"}:
            yield kind, lexeme, line
        position = match.end()
        line += lexeme.count("\n")
        if lexeme == "\n" and pending:
            position, skipped = _after_heredoc(text, position, pending.pop(0))
            line += skipped


def _after_heredoc(text: str, position: int, end: str) -> tuple[int, int]:
    match = re.compile(rf"^\s*{re.escape(end)}\s*$", re.MULTILINE).search(text, position)
    stop = match.end() if match else len(text)
    return stop, text.count("\n", position, stop)


class _Reader:
    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables
        self.done: list[Command] = []
        self.current = Command()
        self.skip = False

    def take(self, kind: str, lexeme: str, line: int) -> None:
        if kind == "operator":
            self.end(lexeme)
        elif kind == "redirect":
            self.skip = not lexeme.endswith(("1", "2"))
        elif self.skip:
            self.skip = False
        else:
            self.word(lexeme, line)

    def word(self, lexeme: str, line: int) -> None:
        assignment = _ASSIGNMENT.match(lexeme)
        before = self.current.words
        if assignment and (not before or before[0].text in {"export", "declare", "local", "readonly", "set", "env", "ENV", "ARG"}):
            value = self.filled(assignment[2])
            self.variables[assignment[1]] = value
            if not before:
                self.done.append(Command([Word("export", line), Word(f"{assignment[1]}={value}", line)]))
                return
            self.current.words.append(Word(f"{assignment[1]}={value}", line))
            return
        if not before and lexeme in _KEYWORDS:
            return
        text = self.filled(lexeme)
        if before and before[0].text == "for" and len(before) == 2 and lexeme != "in":  # noqa: PLR2004 - for NAME in FIRST
            self.variables[before[1].text] = text
        self.current.words.append(Word(text, line))

    def end(self, operator: str) -> None:
        finished, self.current, self.skip = self.current, Command(), False
        if not finished.words:
            return
        if self.done and self.done[-1].feeds == "?":
            self.done[-1].feeds = next(
                (w.text.rpartition("/")[2] for w in finished.words if w.text != "sudo" and not w.text.startswith("-")), ""
            )
        finished.feeds = "?" if operator == "|" else ""
        self.done.append(finished)

    def filled(self, lexeme: str) -> str:
        """The text of a word: quotes removed, known variables filled in; unknown ones stay as written."""
        if "'" not in lexeme:
            lexeme = _VARIABLE.sub(self._value, lexeme)
        return _QUOTES.sub(lambda m: m[1] if m[1] is not None else m[2] if m[2] is not None else m[3], lexeme)

    def _value(self, match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        if name in self.variables and "$" not in self.variables[name]:
            return self.variables[name]
        return match["default"] if match["operator"] else match[0]
