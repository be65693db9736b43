"""Chat and prompt templates: read, never rendered, for what leads out of their sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen, Span, scanner

_BLOCK = pattern(r"\{\{|\{%|\{#")
_END_RAW = pattern(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_CLOSE = {"{{": "}}", "{%": "%}", "{#": "#}"}
_STRING = pattern(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_QUOTE = pattern("['\"]")
_ESCAPED = pattern(r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\([0-7]{1,3})|\\N\{([A-Z ]+)\}")
_DANGER = pattern(
    r"__\w+__|\b(?:f_globals|f_back|f_locals|gi_frame|gi_code|cr_frame|tb_frame|func_globals|func_code|im_func|mro|_module|_TemplateReference__context)\b"
)
_IMPORTS = pattern(r"\b(?:os|subprocess|sys|popen|eval|exec|importlib|builtins)\b\s*(?:\.|\()")
_INNARDS = pattern(r"\b(?:cycler|joiner|namespace|lipsum|self|url_for|get_flashed_messages)\s*(?:\.\s*_|\[)")
_COMPUTED = pattern(r"\[[^\]\[]{0,200}(?:~|\|\s*(?:join|format|replace|reverse|lower|string)\b)[^\]]{0,200}\]|\[\s*''\s*[%*+]")
_SET = pattern(r"\s*[-+]?\s*set\s+(\w+)\s*=.*(?:~|\|\s*(?:join|format|replace|reverse)\b|''\s*[%+*])", re.DOTALL)
_BY_NAME = pattern(r"\w\s*\[\s*(\w+)\s*\]")
_FRAMEWORK = pattern(r"\b(?:request|config|current_app)\s*\.\s*(?:application|items|environ|from_\w+|init_app|root_path|get_data|__\w+)")
_LOADS = pattern(r"^\s*[-+]?\s*(?:include|import|from|extends)\b")
_MOST = 4 << 20
LOADER = "whatever renders the template: apply_chat_template, llama-cpp-python, prompt libraries"


def judge(text: str) -> Iterator[tuple[str, Grade, str]]:
    """Yield rule, grade and reason for what a template reaches for."""
    code = list(expressions(text))
    computed = {m.group(1) for kind, part in code if kind == "{%" and (m := _SET.match(_apart(part)[0]))}
    for kind, part in code:
        plain, strings = _apart(part)
        joined = "".join(s[1:-1] for s in strings)
        danger = _DANGER.search(plain) or _DANGER.search(joined) or next((m for s in strings if (m := _DANGER.search(s))), None)
        if danger:
            yield "template-escape", Grade.MALICIOUS, f"it reaches for {danger.group(0)}, which leads out of the sandbox"
            return
        if _INNARDS.search(plain):
            yield "template-escape", Grade.SUSPICIOUS, "it reaches into an object of the template engine itself"
        if _IMPORTS.search(plain):
            yield "template-escape", Grade.MALICIOUS, f"it reaches for {_IMPORTS.search(plain).group(0)}"  # type: ignore[union-attr]
            return
        if _FRAMEWORK.search(plain):
            yield "template-unusual", Grade.SUSPICIOUS, "it reaches into the program that renders it"
        if re.search(r"\|\s*attr\s*\(", plain):
            yield "template-unusual", Grade.SUSPICIOUS, "it takes an attribute by the filter attr, which sees what dots do not"
        if _COMPUTED.search(plain) or any(m.group(1) in computed for m in _BY_NAME.finditer(plain)):
            yield "template-unusual", Grade.SUSPICIOUS, "it looks something up by a name that it puts together"
        if kind == "{%" and _LOADS.search(part):
            yield "template-unusual", Grade.SUSPICIOUS, "it loads another template"


def _apart(part: str) -> tuple[str, list[str]]:
    """The code without its strings, and the strings; in one pass, whatever stands there."""
    plain, strings, position = [], [], 0
    while quote := _QUOTE.search(part, position):
        string = _STRING.match(part, quote.start())
        if string is None:
            break
        plain.append(part[position : quote.start()])
        strings.append(_unescaped(string.group(0)))
        position = string.end()
    return "''".join([*plain, part[position:]]), strings


def expressions(text: str) -> Iterator[tuple[str, str]]:
    """Everything between the marks of a template that is run; comments are not."""
    position = 0
    while match := _BLOCK.search(text, position):
        mark = match.group(0)
        end = text.find(_CLOSE[mark], match.end())
        end = len(text) if end < 0 else end
        inner = text[match.end() : end]
        position = end + 2
        if mark == "{%" and inner.strip(" \t\n-+") == "raw":
            closing = _END_RAW.search(text, position)
            position = closing.end() if closing else position
        elif mark != "{#":
            yield mark, inner


def _unescaped(text: str) -> str:
    def char(match: re.Match[str]) -> str:
        digits = match.group(1) or match.group(2)
        if digits:
            return chr(int(digits, 16))
        return chr(int(match.group(3), 8)) if match.group(3) else "_" if match.group(4) == "LOW LINE" else "?"

    return _ESCAPED.sub(char, text)


def _is_template(part: Part) -> bool:
    return part.context == "template" or part.suffix in {".jinja", ".j2", ".jinja2", ".tmpl", ".template"} or part.base == "chat_template"


@scanner("template", _is_template)
def scan(part: Part) -> Iterator[Seen]:
    """Judge everything that would be run."""
    if part.window.size > _MOST:
        yield part.sees("limit", "the template is longer than any is", Grade.UNSCANNABLE, effect="exhaustion")
        return
    part.budget.spend(part.window.size // 2)
    for rule, grade, reason in judge(part.window.read(0, part.window.size).decode("utf-8", "replace")):
        yield part.sees(rule, reason, grade, effect="execute", loader=LOADER)
    yield Span(0, part.window.size)
