"""Texts that a tool follows because of their name: start files of shells, hooks, recipes, lists of packages, descriptions of data sets."""

from __future__ import annotations

from collections.abc import Iterator
from re import Pattern

from msgspec import Struct

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen

_FETCHED = pattern(
    rb"\b(?:curl|wget|fetch)\b[^\n]{0,400}?(?:[|;&]\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|[|]\s*(?:sudo\s+)?(?:python|perl|ruby|node)\d?\b)|(?:\$\(|`|<\()\s*(?:curl|wget)\b|\beval\b[^\n]{0,80}\b(?:curl|wget)\b"
    rb"|/dev/tcp/|\bbash\s+-i\b|\bbase64\s+(?:-d|--decode|-D)\b[^\n]{0,80}[|]\s*(?:ba|z|da)?sh\b|\bnc\s+-\w*e"
)
"""What a program fetches or unpacks and runs at once, or a shell that answers to somebody else."""
OPEN_INDEX = pattern(
    rb"(?:--(?:extra-)?index-url|--find-links|(?:^|\s)-[if])[ \t=]+[\"']?http://(?!(?:localhost|127\.0\.0\.1)[:/\s])|--trusted-host|(?m:^\s*(?:extra-)?index-url\s*=\s*http://(?!(?:localhost|127\.0\.0\.1)[:/\s]))"
)
"""A place of packages that is reached without encryption, or believed whoever answers."""
_GIT = pattern(
    rb"(?im)^[ \t]*(?:(?:fsmonitor|sshCommand|hooksPath|gitProxy|askPass|editor|pager|command|textconv|driver|clean|smudge|process|program|external|packObjectsHook|helper)[ \t]*="
    rb"(?![ \t]*[\"']?(?:true|false|[\w-]+|(?:git-lfs|git lfs)[ \t][\w %-]*|/dev/null|\.husky(?:/_)?)[\"']?[ \t]*(?:[#;][^\n]*)?\r?$)|\w+[ \t]*=[ \t]*\"?!|url[ \t]*=[ \t]*\"?(?:ext|fd)::|(?:url|path)[ \t]*=[ \t]*\"?-)[^\n]*"
)
"""A setting of Git that is a command, or that an option of a command is smuggled into."""
_BUILD = pattern(rb"<!@?\(|[\"']action[\"']")
_DATA = pattern(rb"(?m)^[ \t]*(?:-[ \t]*)?(?:data_files|data_dir|path):[ \t]*[\[\"']*[ \t]*(?:/|~|(?:[^\s\"']*/)?\.\./)[^\n]*")
_CELLS = pattern(rb"(?m)(?:^|,)\"?(?:/|~/|(?:[^,\"\n]*/)?\.\./)[^,\"\n]+")
_SERVER = pattern(rb"(?m)^[ \t]*(?:install_py_dep_per_model[ \t]*=[ \t]*true|load_models[ \t]*=[^\n]*https?://)[^\n]*")
_SETTING = pattern(
    rb"(?m)^[ \t]*(?:script-shell|shell|git|init-module|onload-script|node-gyp|python)[ \t]*=[ \t]*[^\n]*[./\\][^\n]*|^[ \t]*node-options[ \t]*=[^\n]*(?:--require|--import|--loader|-r)\b[^\n]*"
)
_CALLS = pattern(
    rb"\b(?:system2?|source|shell|eval|exec|popen|Popen|spawn|download\.file|shell-command|start-process|load-file|qx|require|import)\b\s*[('\" ]"
)
_CLASS = pattern(rb"\A\s*+(?!gluonts\.)[A-Za-z_]\w*+(?:[.:]\w++)++\s*+\Z")
_GIN = pattern(
    rb"(?m)^[ \t]*(?:import|from)[ \t]+(?!(?:__gin__|t5|t5x|seqio|mesh_tensorflow|flax|flaxformer|jax|tensorflow|tf|gin|optax|clu|trax|google|airio|numpy|math)\b)[\w.]+[^\n]*|^[ \t]*include[ \t]+['\"](?:/|~|[^'\"\n]*\.\./)[^\n]*"
)
_PIPE = pattern(rb"(?m)^\S++[ \t]+(?:[^\n]*\|[ \t]*\r?$|\|)")
_JVM = pattern(rb"\bRuntime\s*\.\s*getRuntime\b|\bProcessBuilder\b|\bSystem\s*\.\s*load(?:Library)?\b|\bURLClassLoader\b")


class _Kind(Struct, frozen=True):
    """Files of some names, and what in them is told."""

    names: Pattern[str]
    found: Pattern[bytes]
    rule: str
    message: str
    loader: str
    effect: str = "execute"


_KINDS = (
    _Kind(
        pattern(
            r"\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zshenv|zprofile|zlogin|kshrc|cshrc|tcshrc|envrc|xinitrc|xprofile|exrc|vimrc|nvimrc|gdbinit|lldbinit)|.*makefile|.*\.mk|justfile|rakefile|jenkinsfile|procfile|configure"
            r"|(?:applypatch-msg|pre-applypatch|post-applypatch|pre-commit|prepare-commit-msg|commit-msg|post-commit|pre-rebase|post-checkout|post-merge|pre-push|post-rewrite|pre-auto-gc|fsmonitor-watchman)"
        ),
        _FETCHED, "config-command", "it fetches a program and runs it", "a shell, make or Git, by the name of the file",
    ),
    _Kind(pattern(r"(?:.*requirements.*|constraints.*)\.(?:txt|in)|pip\.conf|pip\.ini|\.condarc"), OPEN_INDEX, "remote-code", "packages come from a place that nobody vouches for", "pip", "network"),
    _Kind(pattern(r"config|\.?gitconfig|\.gitmodules|config\.worktree"), _GIT, "config-command", "a setting is a command", "git"),
    _Kind(pattern(r"binding\.gyp"), _BUILD, "config-command", "npm install runs a command of it", "npm install"),
    _Kind(pattern(r"config\.properties"), _SERVER, "remote-code", "the server installs or fetches what it names", "TorchServe", "network"),
    _Kind(pattern(r".*\.(?:java|scala|kt)"), _JVM, "code-file", "it is a program that starts others or loads libraries", "whatever compiles it, H2O"),
    _Kind(pattern(r"\.npmrc|\.yarnrc"), _SETTING, "config-command", "a setting names a program", "npm, yarn"),
    _Kind(pattern(r"\.(?:rprofile|pdbrc|irbrc|octaverc|latexmkrc|pryrc)|\.dir-locals\.el"), _CALLS, "config-command", "a start file calls something", "R, pdb, Emacs and others, in this folder"),
    _Kind(pattern(r"type\.txt"), _CLASS, "remote-code", "it names a class to be imported", "GluonTS", "import"),
    _Kind(pattern(r".*\.gin"), _GIN, "remote-code", "it imports or includes what is not of its framework", "gin-config", "import"),
    _Kind(pattern(r".*\.scp"), _PIPE, "config-command", "an entry is a command, whose output is read", "kaldiio, Kaldi"),
    _Kind(pattern(r"metadata\.csv"), _CELLS, "index-escape", "a row of it names a file outside of the folder", "datasets", "read-file"),
)  # fmt: skip
_LONGEST = 2 << 20
_FRONT = 1 << 16


def named(part: Part) -> Iterator[Seen]:
    """Yield what counts against a text because of its name."""
    for kind in _KINDS:
        if kind.names.fullmatch(part.base):
            if part.window.size > _LONGEST:
                yield part.sees("limit", "a text longer than its tool ever reads", Grade.UNSCANNABLE, effect="exhaustion")
            data = part.window.read(0, _LONGEST)
            part.budget.spend(len(data) // 50)
            if (match := kind.found.search(data)) and (kind.loader != "git" or b"[" in data):
                yield _told(part, kind.rule, kind.message, match.start(), match.group(0), kind.loader, kind.effect)
    if part.base == "readme.md" and part.head.startswith(b"---"):
        front = part.window.read(0, _FRONT).partition(b"\n---")[0]
        if match := _DATA.search(front):
            yield _told(part, "index-escape", "the data lie outside of the folder", match.start(), match.group(0), "datasets", "read-file")


def _told(part: Part, rule: str, message: str, offset: int, text: bytes, loader: str, effect: str) -> Seen:
    shown = text.strip()[:120].decode("utf-8", "replace")
    return part.sees(rule, f"{message}: {shown}", offset=offset, effect=effect, loader=loader)
