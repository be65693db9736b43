"""Answers on a time line: a small chart for the terminal and one page with a picture, readable without a network."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from lading.ledger.impact import SUSPECT, Answer, Question, State
from lading.ledger.window import bounds
from lading.render.style import clean

WORDS = {
    State.COMPROMISED: "compromised",
    State.DURING: "during: suspect",
    State.UNDETERMINED: "undetermined",
    State.BEFORE: "before: safe",
    State.AFTER: "after: safe",
    State.PINNED_CLEAN: "pinned clean: safe",
    State.UNTOUCHED: "untouched: safe",
}
_ORDER = {state: rank for rank, state in enumerate(State)}
_MARKS = {State.COMPROMISED: "X", State.DURING: "!", State.UNDETERMINED: "?"}
_CHART = 48
_MOST = 200
UNCHECKED = "signatures not checked: the statements are taken at their word"
CHECKED = "only statements by trusted signers count"


class Scale:
    """Times as positions from 0 to 1, the window in the middle third."""

    def __init__(self, question: Question) -> None:
        first, last = bounds(question.window, question.margin) if question.window else (None, None)
        self.first, self.last = first, last

    def at(self, moment: datetime) -> float:
        """Where a moment stands; what is far outside stands at the rim."""
        assert self.first
        assert self.last
        span = max(self.last - self.first, timedelta(seconds=1))
        return min(max(((moment - self.first) / span + 1) / 3, 0.0), 1.0)

    def of(self, answer: Answer) -> tuple[float, float] | None:
        """From where to where a build stands; None when its times are not usable."""
        times = [t for t in (answer.started, answer.finished) if t]
        if not times or self.first is None or (len(times) == 2 and times[1] < times[0]):  # noqa: PLR2004 - both
            return None
        return self.at(times[0]), self.at(times[-1])


def summary(answers: Sequence[Answer]) -> str:
    """How many of each, the worst first."""
    counts = Counter(a.state for a in answers)
    return ", ".join(f"{counts[s]} {WORDS[s]}" for s in State if counts[s]) or "no artifact is known"


def text(question: Question, answers: Sequence[Answer], title: str, remediation: str = "", *, checked: bool = False) -> str:
    """The answers as people read them in a terminal."""
    scale = Scale(question)
    lines = [clean(title), _told(scale), "", summary(answers), CHECKED if checked else UNCHECKED, ""]
    names = max((min(len(a.artifact.name), 36) for a in answers), default=0)
    if scale.first:
        lines.append(f"  {'':{names}}  {'before':<16}|{'window':^16}|{'after':>14}")
    worst = sorted(answers, key=lambda a: _ORDER[a.state])
    for answer in worst[:_MOST]:
        name = clean(answer.artifact.name)[:36]
        lines += [f"  {name:{names}}  {_row(scale, answer)}  {WORDS[answer.state]}", f"  {'':{names}}  {clean(answer.reason)}"]
        if answer.path:
            lines.append(f"  {'':{names}}  through {clean(' -> '.join(answer.path))}")
        lines.append(f"  {'':{names}}  told by {clean(', '.join(answer.statements))}")
    if len(worst) > _MOST:
        lines.append(f"  and {len(worst) - _MOST} more: --format json has all")
    if remediation and any(a.state in SUSPECT for a in answers):
        lines += ["", f"what to do: {remediation}"]
    return "\n".join([*lines, ""])


def _told(scale: Scale) -> str:
    if scale.first is None or scale.last is None:
        return "no window is known"
    return f"window {scale.first:%Y-%m-%d %H:%M:%S} to {scale.last:%Y-%m-%d %H:%M:%S} UTC, widened by precision and margin"


def _row(scale: Scale, answer: Answer) -> str:
    cells = [" "] * _CHART
    for rim in (_CHART // 3, 2 * _CHART // 3):
        cells[rim] = "|"
    where = scale.of(answer)
    if where:
        start, end = (int(p * (_CHART - 1)) for p in where)
        cells[start : end + 1] = [_MARKS.get(answer.state, "=")] * (end + 1 - start)
    return "".join(cells)


_STYLE = """:root{color-scheme:light dark;--paper:#fcfbf9;--ink:#1d2126;--soft:#5e6670;--line:#e3e0da;--bad:#b5392f;--doubt:#b07a12;--safe:#2b7a4b}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e6e3;--soft:#9aa3ad;--line:#2d333b;--bad:#ec8277;--doubt:#dfae55;--safe:#63b983}}
body{margin:0 auto;max-width:1100px;padding:40px 28px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{margin:0;font-size:30px;line-height:1.2}.quiet{color:var(--soft)}.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:720px;height:auto;margin:24px 0}svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .quiet{fill:var(--soft)}
.window{fill:var(--bad);opacity:.1}.rim{stroke:var(--bad);stroke-dasharray:3 3}
.compromised,.during{fill:var(--bad);color:var(--bad)}.undetermined{fill:var(--doubt);color:var(--doubt)}
.before,.after,.pinned-clean,.untouched{fill:var(--safe);color:var(--safe)}
table{width:100%;border-collapse:collapse}th,td{padding:8px 10px 8px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{color:var(--soft);font-weight:500}td:first-child{min-width:230px}td:nth-child(2){white-space:nowrap;font-weight:600}"""
_LEFT, _WIDE, _HIGH = 240, 820, 26


def page(question: Question, answers: Sequence[Answer], title: str, remediation: str = "", *, checked: bool = False) -> str:
    """The answers as one page with a picture."""
    scale = Scale(question)
    worst = sorted(answers, key=lambda a: _ORDER[a.state])
    more = f'<p class="quiet">and {len(worst) - _MOST} more: the JSON has all</p>' if len(worst) > _MOST else ""
    rows = "".join(
        f'<tr><td>{escape(clean(a.artifact.name))}</td><td class="{a.state}">{WORDS[a.state]}</td><td>{escape(clean(a.reason))}'
        + (f'<br><span class="quiet">through {escape(clean(" → ".join(a.path)))}</span>' if a.path else "")
        + f'</td><td class="quiet">{escape(clean(", ".join(a.statements)))}</td></tr>'
        for a in worst[:_MOST]
    )
    todo = f"<p><b>What to do.</b> {escape(remediation)}</p>" if remediation and any(a.state in SUSPECT for a in answers) else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(clean(title))}</title><style>{_STYLE}</style><h1>{escape(clean(title))}</h1>"
        f'<p>{summary(answers)}</p><p class="quiet">{_sentence(_told(scale))}. {_sentence(CHECKED if checked else UNCHECKED)}.</p>{todo}'
        f'<div class="wide">{_picture(scale, worst[:_MOST])}</div><p class="quiet">What lies far outside the window stands at the rim.</p>{more}'
        f'<div class="wide"><table><tr><th>artifact</th><th>answer</th><th>why</th><th>told by</th></tr>{rows}</table></div></html>\n'
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _picture(scale: Scale, answers: Sequence[Answer]) -> str:
    if scale.first is None or scale.last is None:
        return ""
    height = 34 + _HIGH * len(answers)
    left, right = _LEFT + _WIDE / 3, _LEFT + 2 * _WIDE / 3
    parts = [
        f'<rect class="window" x="{left:.1f}" y="24" width="{right - left:.1f}" height="{height - 30}"/>',
        *(f'<line class="rim" x1="{x:.1f}" x2="{x:.1f}" y1="24" y2="{height - 6}"/>' for x in (left, right)),
        f'<text class="quiet" x="{left - 6:.1f}" y="16" text-anchor="end">{scale.first:%Y-%m-%d %H:%M} UTC</text>',
        f'<text x="{(left + right) / 2:.1f}" y="16" text-anchor="middle">window</text>',
        f'<text class="quiet" x="{right + 6:.1f}" y="16">{scale.last:%Y-%m-%d %H:%M} UTC</text>',
    ]
    for row, answer in enumerate(answers):
        y = 34 + row * _HIGH
        name = clean(answer.artifact.name)
        shown = name if len(name) <= 34 else name[:33] + "…"  # noqa: PLR2004 - as many as fit
        parts.append(f'<text x="{_LEFT - 14}" y="{y + 12}" text-anchor="end">{escape(shown)}<title>{escape(name)}</title></text>')
        parts.append(_bar(scale, answer, y))
    label = "Builds before, during and after the window"
    return f'<svg viewBox="0 0 {_LEFT + _WIDE + 10} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _bar(scale: Scale, answer: Answer, y: int) -> str:
    where = scale.of(answer)
    if where is None:
        return f'<text class="quiet" x="{_LEFT}" y="{y + 12}">no usable times</text>'
    start, end = (_LEFT + p * (_WIDE - 8) for p in where)
    told = " to ".join(f"{t.astimezone(UTC):%Y-%m-%d %H:%M}" for t in (answer.started, answer.finished) if t)
    title = f"<title>{WORDS[answer.state]}: {told}</title>"
    return f'<rect class="{answer.state}" x="{start:.1f}" y="{y + 2}" width="{max(end - start, 8):.1f}" height="13" rx="3">{title}</rect>'
