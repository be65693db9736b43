"""Shell text as commands with the line of every word: quotes, continuations, variables, lists, loops, pipes; nothing is run."""

import re
from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from lading.core.pattern import pattern

_TOKEN = pattern(
    r"(?P<space>[ \t\r]+|\\\r?\n)|(?P<comment>(?<![^\s;&|(`])#[^\n]*)|(?P<heredoc><<-?[ \t]*(?P<quote>[\"']?)(?P<end>\w+)(?P=quote))"
    r"|(?P<operator>&&|\|\||;;|[;&|()\n`]|\$\(|[<>]\(|[{}](?=\s|$))|(?P<redirect>\d?(?:>>?|<)&?\d?)"
    r"|(?P<word>(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\{[^}]{0,1000}\}|\\.|[^\s;&|()<>\"'`\\])+)|(?P<other>.)",
    re.DOTALL,
)
"""What stands in braces has an end within a thousand letters: each opening one is looked for no further, or many would cost their square."""
_ASSIGNMENT = pattern(r"([A-Za-z_]\w*)(\+?)=(.*)\Z", re.DOTALL)
_VARIABLE = pattern(
    r"\$(?:\{(?P<braced>[A-Za-z_]\w*|\d+)(?P<all>\[[@*\d]+\])?(?:(?P<operator>:?[-=])(?P<default>[^}]{0,1000}))?\}|(?P<plain>[A-Za-z_]\w*))"
)
_PIECE = pattern(
    r"\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|\\(?P<escaped>.)|(?P<bare>\$\{[^}]{0,1000}\}|(?:[^\"'\\$]|\$(?!\{))+|[\"'$])",
    re.DOTALL,
)
_INNER = pattern(r"\$\((?P<text>[^()]*)\)")
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "case", "esac", "{", "}", "!", "in", "time", "function"}
)
_OPENING = frozenset({"if", "case"})
_CLOSING = frozenset({"fi", "esac"})
_DECLARING = frozenset({"export", "declare", "local", "readonly", "set", "env", "typeset", "ENV", "ARG"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "eval"})
MOST_COMMANDS = 20_000
MOST_VALUES = 50
"""Values that are followed for one variable: of a loop, a list, the branches of a condition."""
LONGEST_VALUE = 4_096
"""Characters of a variable that are followed; a longer one stays as written."""
DEEPEST = 3
"""Scripts within scripts (`bash -c "…"`, `$(…)`)."""


class Word(Struct, frozen=True):
    """A word with its quotes removed and known variables filled in, and the line it stands on (from 0).

    `literal` is the line of the text that a variable stands for, where the word is nothing but that variable; else -1.
    """

    text: str
    line: int
    literal: int = -1


class Command(Struct):
    """A simple command; `feeds` is the name of the program it is piped into, or that runs what it prints."""

    words: list[Word] = field(default_factory=list)
    feeds: str = ""

    @property
    def name(self) -> str:
        """The program without its folder."""
        return self.words[0].text.rpartition("/")[2] if self.words else ""


class Heredoc(Struct, frozen=True):
    """A document within a script: the words of the command it is given to, its text, the line it begins on (from 0)."""

    given_to: tuple[str, ...]
    text: str
    line: int


def commands(text: str, known: dict[str, str] | None = None) -> list[Command]:
    """The commands of shell text in order; variables assigned on the way, and those in `known`, are filled in.

    A command with a variable that a loop, a list or a condition gives several values is told once for each.
    """
    reader = _Reader({name: [Word(value, -1)] for name, value in (known or {}).items()})
    reader.read(text)
    return reader.done


def heredocs(text: str) -> list[Heredoc]:
    """The documents written within a script."""
    reader = _Reader({})
    reader.read(text)
    return reader.documents


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
        while lexeme == "\n" and pending:
            start = position
            position, stop = _after_heredoc(text, position, pending.pop(0))
            yield "document", text[start:stop], line
            line += text.count("\n", start, position)


def _after_heredoc(text: str, position: int, end: str) -> tuple[int, int]:
    """Where a document ends: behind its closing word, and before the line of it."""
    match = re.compile(rf"^[ \t]*{re.escape(end)}[ \t]*$", re.MULTILINE).search(text, position)
    return (match.end(), match.start()) if match else (len(text), len(text))


class _Reader:
    """Takes tokens; keeps what is known of variables."""

    def __init__(self, variables: dict[str, list[Word]], depth: int = 0, offset: int = 0) -> None:
        self.variables = variables
        self.depth = depth
        self.offset = offset
        self.done: list[Command] = []
        self.documents: list[Heredoc] = []
        self.current: list[tuple[str, int]] = []
        self.skip = False
        self.conditions = 0
        self.listing = ""

    def read(self, text: str) -> None:
        """Take every token of a text."""
        for kind, lexeme, line in _tokens(text):
            self.take(kind, lexeme, line + self.offset)
            if len(self.done) > MOST_COMMANDS:
                break
        self.end("")

    def take(self, kind: str, lexeme: str, line: int) -> None:
        """Take one token."""
        if kind == "document":
            given_to = tuple(w.text for w in self.done[-1].words) if self.done else ()
            self.documents.append(Heredoc(given_to, lexeme, line))
        elif self.listing:
            self._list(kind, lexeme, line)
        elif kind == "operator":
            if lexeme == "(" and len(self.current) == 1 and self.current[0][0].endswith("=") and self.current[0][0][:-1].isidentifier():
                self.listing, self.current = self.current[0][0][:-1], []
                self.variables[self.listing] = []
                return
            self.end(lexeme)
        elif kind == "redirect":
            self.skip = not lexeme.endswith(("1", "2"))
        elif self.skip:
            self.skip = False
        else:
            self._word(lexeme, line)

    def _list(self, kind: str, lexeme: str, line: int) -> None:
        """An element of `NAME=(a b c)`, or its end."""
        if lexeme == ")":
            self.listing = ""
        elif kind == "word" and len(self.variables[self.listing]) < MOST_VALUES:
            self.variables[self.listing] += self.values(lexeme, line)
            self.done.append(Command([Word("export", line), Word(f"{self.listing}={self.values(lexeme, line)[0].text}", line)]))

    def _word(self, lexeme: str, line: int) -> None:
        if not self.current:
            assignment = _ASSIGNMENT.match(lexeme)
            if assignment and assignment[3]:
                self._assign(assignment[1], assignment[3], line)
                return
            if lexeme in _KEYWORDS:
                self.conditions = max(0, self.conditions + (lexeme in _OPENING) - (lexeme in _CLOSING))
                return
        self.current.append((lexeme, line))

    def _assign(self, name: str, lexeme: str, line: int) -> None:
        values = [v if len(v.text) <= LONGEST_VALUE else Word(lexeme[:LONGEST_VALUE], line) for v in self.values(lexeme, line)]
        before = self.variables.get(name, []) if self.conditions else []
        self.variables[name] = [*before, *(replace(v, line=line) for v in values)][-MOST_VALUES:]
        for value in values:
            literal = value.literal if value.literal != line else -1
            self.done.append(Command([Word("export", line), Word(f"{name}={value.text}", line, literal)]))
            if " " in value.text and " -" in value.text and "$" not in value.text[:1]:
                self.done.append(Command([Word(part, line) for part in value.text.split()]))

    def end(self, operator: str) -> None:
        """The command so far is complete."""
        raw, self.current, self.skip = self.current, [], False
        if operator == "<(" and raw and raw[0][0] in _SHELLS:
            self.done.append(Command([Word(raw[0][0], raw[0][1])], "<"))
            return
        if not raw:
            return
        feeds = "?" if operator == "|" else ""
        if self.done and self.done[-1].feeds == "<":
            feeds = self.done[-1].words[0].text
            self.done.pop()
        found = [Command(words, feeds) for words in self._alternatives(raw)]
        names = [w.text for w in found[0].words]
        for fed in reversed(self.done):
            if fed.feeds != "?":
                break
            fed.feeds = next(
                (n.rpartition("/")[2] for n in names if n not in {"sudo", "env"} and not n.startswith("-") and "=" not in n), ""
            )
        if names[0] == "for":
            self._loop(found[0].words)
        self.done += found
        for declared in found[0].words[1:] if names[0] in _DECLARING else ():
            name, equals, value = declared.text.partition("=")
            if equals:
                self.variables[name] = [Word(value, declared.line)]
        self._inside(raw, names)

    def _loop(self, words: list[Word]) -> None:
        """`for NAME in a b c`: the name has each of the values."""
        if len(words) > 3 and words[2].text == "in":  # noqa: PLR2004 - for NAME in FIRST
            self.variables[words[1].text] = [Word(w.text, w.line if w.literal < 0 else w.literal) for w in words[3 : 3 + MOST_VALUES]]

    def _alternatives(self, raw: list[tuple[str, int]]) -> list[list[Word]]:
        """The words of a command, once for each value that its variables can have; a list as a whole is all its values."""
        if raw[0][0] == "for" or any("[@]" in lexeme or "[*]" in lexeme for lexeme, _ in raw):
            return [[value for lexeme, line in raw for value in self.values(lexeme, line)]]
        words = [self.values(lexeme, line) for lexeme, line in raw]
        count = max(len(values) for values in words)
        return [[values[min(number, len(values) - 1)] for values in words] for number in range(count)]

    def _inside(self, raw: list[tuple[str, int]], names: list[str]) -> None:
        """The commands within `$(…)` in quotes and behind `bash -c`."""
        if self.depth >= DEEPEST:
            return
        is_script = names[0].rpartition("/")[2] in _SHELLS and any(n in {"-c", "-lc", "-ec", "-xc", "-ic"} for n in names)
        runs = names[0] if is_script or names[0] in {"eval", "source", "."} else ""
        for number, (lexeme, line) in enumerate(raw):
            inner = [m["text"] for m in _INNER.finditer(lexeme)] if "$(" in lexeme and not lexeme.startswith("'") else []
            scripts = [(text, runs) for text in inner]
            if is_script and number and names[number - 1].startswith("-") and names[number - 1].endswith("c"):
                scripts += [(_INNER.sub("", value.text), "") for value in self.values(lexeme, line)]
            for text, feeds in scripts:
                reader = _Reader(self.variables, self.depth + 1, line)
                reader.read(text)
                self.done += [replace(c, feeds=c.feeds or feeds) for c in reader.done]

    def values(self, lexeme: str, line: int) -> list[Word]:
        """What a word can be: quotes removed, known variables filled in; unknown ones stay as written."""
        if whole := _VARIABLE.fullmatch(lexeme.strip('"')):
            known = self.variables.get(whole["braced"] or whole["plain"], [])
            if usable := [v for v in known if "$" not in v.text]:
                return [Word(v.text, line, v.line if v.line >= 0 else v.literal) for v in usable]
        several = [m["braced"] or m["plain"] for m in _VARIABLE.finditer(lexeme)]
        count = max((len(self.variables.get(name, ())) for name in several), default=1)
        return [Word(self._filled(lexeme, number), line) for number in range(max(1, min(count, MOST_VALUES)))]

    def _filled(self, lexeme: str, number: int) -> str:
        def piece(match: re.Match[str]) -> str:
            if match["single"] is not None:
                return match["single"]
            if match["escaped"] is not None:
                return match["escaped"]
            text = match["double"] if match["double"] is not None else match["bare"]
            return _VARIABLE.sub(lambda m: self._value(m, number), text)

        text = _PIECE.sub(piece, lexeme)
        return _VARIABLE.sub(lambda m: self._value(m, number), text) if "${" in text and "'" not in lexeme else text

    def _value(self, match: re.Match[str], number: int) -> str:
        known = [v.text for v in self.variables.get(match["braced"] or match["plain"], ()) if "$" not in v.text]
        if known:
            return known[min(number, len(known) - 1)]
        return match["default"].strip("\"'") if match["operator"] else match[0]
