"""Python beside a model, read as a tree: what happens when it is imported, and what its functions can do."""

from __future__ import annotations

import ast
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen, Span, scanner

_MOST = 1 << 19
_REACHED = pattern(
    r"(?:modeling|configuration|tokenization|processing|image_processing|feature_extraction|pipeline|custom_generate|generation)_\w+\.py"
    r"|(?:handler|hubconf|generate|pipeline|model|inference|sitecustomize|usercustomize|custom_\w+|lightning_module|predict|preprocess|loader|setup|conftest)\.py"
)
_BY_CHANCE = pattern(r"(?:generate|pipeline|model|inference|predict|preprocess|loader|setup|conftest)\.py")
"""Names that programs have which no loader knows, too."""
_TOOLS = pattern(
    r"(?:/(?:usr/)?(?:local/)?(?:cuda[\w.-]*/)?bin/)?(?:git|nvcc|hipcc|gcc|g\+\+|cc|cmake|ninja|uname|sw_vers|nvidia-smi|rocminfo|ldconfig)"
)
"""What a build asks for its version."""
_MILD = pattern(
    r"importlib\.(?:import_module|util\.find_spec)|tempfile\.\w+|signal\.signal|platform\.\w+|multiprocessing\.Process|pkgutil\.\w+|compile|__import__"
)
_RUNS = pattern(
    r"os\.(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*|startfile|fork|forkpty)|posix\.\w+|nt\.system|subprocess\.(?!CalledProcessError|SubprocessError|TimeoutExpired|CompletedProcess|list2cmdline)\w+|pty\.\w+|commands\.\w+|popen2\.\w+"
    r"|asyncio\.create_subprocess_\w+|(?:builtins|__builtins__)\.(?:eval|exec|__import__)|eval|exec|execfile|runpy\.\w+|code\.\w+|imp\.load_\w+"
    r"|marshal\.loads?|types\.(?:FunctionType|CodeType)|ctypes\.(?:pythonapi\.\w+|CDLL|WinDLL|cdll\.\w+|windll\.\w+|PyDLL|util\.\w+)\S*|cffi\.\w+|pip\.\w+|pip\._internal\.\w+"
    r"|torch\.ops\.load_library|torch\.utils\.cpp_extension\.load\w*|distutils\.spawn\.\w+|webbrowser\.\w+|paramiko\.\w+|pexpect\.\w+|sh\.\w+|timeit\.(?!default_timer)\w+"
    r"|socket\.(?:socket|create_connection)|telnetlib\.\w+|ftplib\.\w+|smtplib\.\w+|sys\.settrace|sys\.setprofile|pdb\.\w+|get_ipython\(\)\.(?:system|getoutput|run_\w+)|code\.Interactive\w+|IPython\.\w+\.system"
)
_REACHES = pattern(
    r"urllib\.request\.\w+|urllib2\.\w+|urllib3\.\S+|requests\.(?!exceptions|Session$)\w+|httpx\.\w+|aiohttp\.\w+|http\.client\.\w+|websocket\S*|dns\.\S+"
    r"|shutil\.(?:rmtree|move|copy\w*|chown)|os\.(?:remove|unlink|rmdir|removedirs|rename|replace|chmod|chown|putenv|kill|symlink|link|environ\.copy)"
    r"|pickle\.loads?|cPickle\.loads?|dill\.loads?|cloudpickle\.loads?|joblib\.load|shelve\.open|yaml\.(?:load|unsafe_load|full_load)|pandas\.read_pickle"
    r"|tempfile\.\w+|multiprocessing\.Process|atexit\.register|signal\.signal|zipimport\.\w+|importlib\.(?:import_module|util\.\w+|machinery\.\w+)|pkgutil\.\w+|__import__|compile"
    r"|platform\.(?:node|uname)|socket\.gethost\w+|getpass\.\w+|pathlib\.Path\.(?:write_\w+|unlink)|open"
)
_HARMLESS_AT_IMPORT = pattern(
    r"(?:logging|transformers\.utils\.logging|logger)\.\w+|(?:\w+\.)*(?:get_logger|getLogger|TypeVar|namedtuple|Enum|dataclass|field|NamedTuple|auto|is_\w+_available|add_\w*docstring\w*|version\.parse|register\w*)"
    r"|collections\.\w+|typing\.\w+|re\.compile|(?:frozenset|set|dict|list|tuple|range|len|str|int|float|bool|bytes|max|min|sum|sorted|zip|enumerate|super|isinstance|hasattr|print|property|object|abs|round|map|filter|any|all)"
    r"|torch\.(?:tensor|finfo|iinfo|device|no_grad|jit\.script\w*|compile|autocast|inference_mode|manual_seed|zeros|ones|arange|linspace|cuda\.is_available|backends\.\S+)|(?:numpy|math|functools|itertools|operator|string|warnings|abc|enum|decimal|copy|inspect)\.\w+"
    r"|__future__|pathlib\.Path|os\.path\.\w+|os\.getenv|os\.environ\.get|datasets\.\w+|einops\.\w+|packaging\.\S+|(?:\w+\.)?(?:Auto\w+\.register)"
)
_DUNDERS = frozenset(
    {"__subclasses__", "__globals__", "__builtins__", "__code__", "__bases__", "__getattribute__", "__import__", "f_globals"}
)
_HIDES = pattern(r"(?:base64|binascii|codecs|zlib|lzma|bz2|gzip)\.\w*(?:decode|decompress|unhexlify|a2b_\w+)\w*|bytes\.fromhex|chr")
HIDDEN = ", beside text that it decodes"
LOADER = "import, by whatever the repository tells its loader to import"


@scanner(
    "Python", lambda part: (part.suffix in {".py", ".pyw", ".pyi"} and part.context != "torchscript-archive") or part.context == "python"
)
def scan(part: Part) -> Iterator[Seen]:
    """Judge the tree of the program."""
    if part.window.size > _MOST:
        yield part.sees("limit", "a program longer than is read", Grade.UNSCANNABLE, effect="exhaustion")
        return
    data = part.window.read(0, part.window.size)
    part.budget.spend(len(data) // 8)
    count = words(data)
    if count > _MOST_WORDS:
        yield part.sees("limit", "a program longer than is read", Grade.UNSCANNABLE, effect="exhaustion")
        return
    part.budget.spend(count * _WORK)
    yield Span(0, part.window.size)
    tree = parse(data)
    if tree is None:
        yield part.sees("code-file", "it is named as Python and cannot be read as such", Grade.SUSPICIOUS, effect="execute", loader=LOADER)
        return
    reached = _builds_data(tree) or bool(_REACHED.fullmatch(part.base)) or part.context in {"reached", "mar"}
    yield from judge(part, tree, reached=reached, surely=part.context in {"reached", "mar"} or not _BY_CHANCE.fullmatch(part.base))


def _builds_data(tree: ast.Module) -> bool:
    """Whether it is a script of a data set, which its loader imports by the name of the folder."""
    names = (ast.unparse(base).rpartition(".")[2] for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases)
    return any(n in {"GeneratorBasedBuilder", "ArrowBasedBuilder", "BeamBasedBuilder"} for n in names)


_WORD = pattern(rb"\w+|[^\w\s]")
_MOST_WORDS = 80_000
_LONGEST_NAME = 400
_WORK = 17
"""Units of work for each word of a program."""


def words(data: bytes) -> int:
    """How many words and signs a program has, up to one more than is read: what its tree costs grows with them."""
    return sum(1 for _ in islice(_WORD.finditer(data), _MOST_WORDS + 1))


def parse(data: bytes) -> ast.Module | None:
    """The tree, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def judge(part: Part, tree: ast.Module, *, reached: bool, surely: bool = True) -> Iterator[Seen]:
    """Yield what a program does when it is imported, and what it can do later; `surely` where its name cannot be one by chance."""
    if part.base in {"sitecustomize.py", "usercustomize.py"}:
        yield part.sees("startup-file", "Python imports this file whenever it starts", Grade.MALICIOUS, effect="execute", loader="python")
    told: set[tuple[str, bool, bool]] = set()
    quiet, count = True, 0
    visitor = _Visitor()
    visitor.read(tree)
    for full, line, at_import in visitor.effects:
        hides = visitor.hides_at(line)
        if (full, at_import, hides) in told:
            continue
        told.add((full, at_import, hides))
        grade = _grade(full, at_import=at_import, reached=reached, hides=hides, surely=surely)
        if grade is None:
            quiet = quiet and not (at_import and not _HARMLESS_AT_IMPORT.fullmatch(full))
            continue
        if count > 50:  # noqa: PLR2004 - enough to see what it is
            continue
        count += grade is not Grade.MALICIOUS
        when = "when it is imported" if at_import else "in a function"
        does = "hands on" if (full, line) in visitor.handed - visitor.calls else "calls"
        hidden = HIDDEN if hides and grade is Grade.MALICIOUS else ""
        yield part.sees(
            "python-code", f"line {line}: it {does} {full} {when}{hidden}", grade, callable=full, effect="execute", loader=LOADER
        )
    if reached:
        yield part.sees("code-file", f"loaders import {part.base} by its name or by a configuration", effect="execute", loader=LOADER)
    elif tree.body and not quiet:
        yield part.sees(
            "code-file",
            "it runs something when it is imported that is not known to be harmless",
            Grade.UNSCANNABLE,
            effect="execute",
            loader=LOADER,
        )


def _grade(full: str, *, at_import: bool, reached: bool, hides: bool, surely: bool) -> Grade | None:
    if full == _ASKS:
        return Grade.SUSPICIOUS if at_import or reached else None
    if _RUNS.fullmatch(full) or full.startswith("dunder "):
        return Grade.MALICIOUS if at_import or (reached and surely) or hides else Grade.SUSPICIOUS
    if _REACHES.fullmatch(full):
        if at_import:
            return Grade.MALICIOUS if hides or (reached and surely and not _MILD.fullmatch(full)) else Grade.SUSPICIOUS
        return Grade.SUSPICIOUS if reached and full not in {"open", "compile", "importlib.import_module"} else None
    return None


class _Visitor:
    """Every call of a program by its full name, its line, and whether it happens at import."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.effects: list[tuple[str, int, bool]] = []
        self.known: set[str] = set()
        self.variables: set[str] = set()
        self.called: dict[str, None] = {}
        self.fulls: dict[ast.AST, str] = {}
        self.bound = False
        """Whether every import is known, so that a name is the same from now on."""
        self.hiding: set[tuple[int, int]] = set()
        self.tops: list[tuple[int, int]] = []
        self.asked: set[int] = set()
        self.calls: set[tuple[str, int]] = set()
        self.handed: set[tuple[str, int]] = set()

    def read(self, tree: ast.Module) -> None:
        self.variables = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.variables |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
        self._imports(tree)
        self.bound = True
        bodies = [tree.body, *(n.body for n in tree.body if isinstance(n, ast.ClassDef))]
        functions_of = [n for body in bodies for n in body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        self.tops = sorted((n.lineno, n.end_lineno or n.lineno) for n in functions_of)
        functions = {n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
        self._walk(list(ast.iter_child_nodes(tree)), at_import=True)
        while self.called:  # what is called at import happens at import
            function = functions.pop(self.called.popitem()[0], None)
            if function:
                self._walk(list(ast.iter_child_nodes(function)), at_import=True, inside=True)

    def hides_at(self, line: int) -> bool:
        """Whether hidden text is decoded where a line stands: in the same function, or outside of all."""
        return bool(self.hiding) and not self.hiding.isdisjoint({(0, 0), self._top(line)})

    def _top(self, line: int) -> tuple[int, int]:
        """The first and last line of the function that a line stands in; zeros outside of all."""
        at = bisect_right(self.tops, (line, _MOST)) - 1
        return self.tops[at] if at >= 0 and line <= self.tops[at][1] else (0, 0)

    def _imports(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._bind(alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(".")[0])
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    self._bind(alias.asname or alias.name, f"{node.module}.{alias.name}")
                    if alias.name == "*":
                        for name in _STARRED.get(str(node.module), ()):
                            self._bind(name, f"{node.module}.{name}")
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                full = self._full(node.value)
                if full and (_RUNS.fullmatch(full) or full in self.known or _is_import(node.value)):
                    self._bind(node.targets[0].id, full)

    def _bind(self, name: str, full: str) -> None:
        self.names[name] = full
        self.known.add(full)

    def _walk(self, nodes: list[ast.AST], *, at_import: bool, inside: bool = False) -> None:
        waiting = [(n, at_import) for n in nodes]
        while waiting:
            node, now = waiting.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                at_once = [*getattr(node, "decorator_list", []), *node.args.defaults, *[d for d in node.args.kw_defaults if d]]
                waiting += [(n, now) for n in at_once]
                later = node.body if isinstance(node.body, list) else [node.body]
                waiting += [(n, False) for n in later if not inside]
                continue
            if isinstance(node, ast.If) and _is_main(node):
                waiting += [(n, False) for n in node.body]
                continue
            self._node(node, now=now)
            parts = [node.target, *([node.value] if node.value else [])] if isinstance(node, ast.AnnAssign) else ast.iter_child_nodes(node)
            waiting += [(n, now) for n in parts]

    def _node(self, node: ast.AST, *, now: bool) -> None:
        if isinstance(node, ast.Call):
            full = self._called(node)
            self.effects.append((full or "something computed", node.lineno, now))
            self.calls.add((full, node.lineno))
            if now and isinstance(node.func, ast.Name):
                self.called[node.func.id] = None
        elif id(node) in self.asked:
            return
        elif isinstance(node, (ast.Attribute, ast.Name)) and _HANDED.fullmatch(full := self._full(node)):
            self.effects.append((full, node.lineno, now))
            self.handed.add((full, node.lineno))
        elif isinstance(node, ast.Attribute) and node.attr in _DUNDERS - {"__bases__", "__code__"} and not _own_attribute(node):
            self.effects.append((f"dunder {node.attr}", node.lineno, now))

    def _called(self, node: ast.Call) -> str:
        """The name of what a call calls, or of what that is with these arguments."""
        full = self._full(node.func)
        if _HIDES.fullmatch(full):
            self.hiding.add(self._top(node.lineno))
        if full == "open" and _only_reads(node):
            return "reading open"
        if _ASKING.fullmatch(full) and _asks_a_tool(node):
            self.asked.add(id(node.func))
            return _ASKS
        if full != "getattr" or len(node.args) < 2:  # noqa: PLR2004 - object and name
            return full
        if isinstance(node.args[1], ast.Constant):
            return f"{self._full(node.args[0])}.{str(node.args[1].value)[:80]}"
        return "dunder getattr by a computed name" if self._full(node.args[0]) in _HOLDERS else full

    def _taken(self, node: ast.Call, inner: str) -> str:
        """The name of what a call takes out of something by a constant name."""
        if inner == "getattr" and len(node.args) > 1 and (name := _constant(node.args[1])):
            return f"{self._full(node.args[0])}.{name[:80]}"
        if inner == "vars" and len(node.args) == 1:
            return f"{self._full(node.args[0])}.__dict__"
        if inner == "operator.attrgetter()" and isinstance(node.func, ast.Call) and node.args and node.func.args:
            return f"{self._full(node.args[0])}.{_constant(node.func.args[0])[:80]}"
        return ""

    def _looked_up(self, node: ast.Subscript) -> str:
        """The name of what is looked up in a table of names by a constant."""
        holder, name = self._full(node.value), _constant(node.slice)[:80]
        if not name:
            return ""
        if holder in {"sys.modules", "globals()", "locals()"}:
            return "builtins" if name == "__builtins__" else name
        if holder.endswith(".__dict__"):
            return f"{holder.removesuffix('.__dict__')}.{name}"
        return f"builtins.{name}" if holder in {"__builtins__", "builtins"} else ""

    def _full(self, node: ast.AST) -> str:
        """The dotted name of an expression with its imports undone, or the beginning of a long one; empty where it has none."""
        known = self.fulls.get(node)
        if known is None:
            known = self._spelled(node)[:_LONGEST_NAME]
            if self.bound:
                self.fulls[node] = known
        return known

    def _spelled(self, node: ast.AST) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute) and len(parts) < 20:  # noqa: PLR2004 - longer than any name
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Call):
            inner = self._full(node.func)
            if inner in {"__import__", "importlib.import_module"} and node.args and isinstance(node.args[0], ast.Constant):
                parts.append(str(node.args[0].value))
                return ".".join(reversed(parts))
            taken = self._taken(node, inner)
            if taken:
                return ".".join([taken, *reversed(parts)])
            return ".".join(reversed([*parts, f"{inner}()"])) if inner else ""
        if isinstance(node, ast.Subscript):
            looked_up = self._looked_up(node)
            return ".".join([looked_up, *reversed(parts)]) if looked_up else ""
        if not isinstance(node, ast.Name):
            return ""
        name = self.names.get(node.id) or (f"<{node.id}>" if parts and node.id in self.variables - _MODULES else node.id)
        return ".".join([name, *reversed(parts)])


_ASKING = pattern(r"subprocess\.(?:run|check_output|check_call|call|Popen|getoutput)")
_ASKS = "a tool for its version"


def _asks_a_tool(node: ast.Call) -> bool:
    """Whether a program of a list of words is started, one that builds ask about their machine, without a shell."""
    listed = node.args[0] if node.args else None
    if (
        not isinstance(listed, (ast.List, ast.Tuple))
        or not listed.elts
        or any(k.arg in {"shell", "executable", None} for k in node.keywords)
    ):
        return False
    words = [_last_constant(e) for e in listed.elts]
    return bool(_TOOLS.fullmatch(words[0])) and all(words) and not any(_COMMANDS.search(w) for w in words[1:])


_COMMANDS = pattern(r"[;|&`$\n]|://|^(?:-c|config|clone|-C|--exec\S*|--upload-pack\S*|submodule|-P|-o|--build)$")


def _last_constant(node: ast.AST) -> str:
    """The text that an expression is, or ends in; empty where that is not told."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _last_constant(node.right)
    if isinstance(node, ast.JoinedStr) and node.values:
        return _last_constant(node.values[-1])
    return _constant(node)


def _only_reads(node: ast.Call) -> bool:
    """Whether a file is opened to read it: no mode is given, or one that can be seen and only reads."""
    modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg in {"mode", None})]
    return all(_constant(m) in {"r", "rb", "rt", "br"} for m in modes)


def _constant(node: ast.AST) -> str:
    """The text that an expression of constants is; empty where it is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _constant(node.left), _constant(node.right)
        return left + right if left and right else ""
    return ""


_HANDED = pattern(
    r"(?:os|posix)\.(?:system|popen|exec[lv]\w*|spawn\w+)|subprocess\.(?:run|call|check_call|check_output|getoutput|getstatusoutput)|pty\.spawn|builtins\.(?:eval|exec|__import__)"
)
"""Functions that are as telling when they are handed on as when they are called."""
_STARRED = {
    "os": ("system", "popen", "execv", "execvp", "spawnv", "remove"),
    "subprocess": ("run", "Popen", "call", "check_output", "check_call", "getoutput"),
}
_HOLDERS = frozenset({"os", "sys", "builtins", "__builtins__", "subprocess", "importlib", "posix", "__import__()"})


_MODULES = _HOLDERS | {"pickle", "socket", "shutil", "ctypes", "runpy", "marshal", "pty", "requests", "urllib", "httpx"}
"""Names that mean the module though nothing imports it here; any other that is assigned to is a variable like `code`."""


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {"__import__", "importlib.import_module", "import_module"}


def _own_attribute(node: ast.Attribute) -> bool:
    """Whether a class looks its own attributes up as its base does: `super().__getattribute__`, `object.__getattribute__`."""
    base = node.value.func if isinstance(node.value, ast.Call) else node.value
    return node.attr == "__getattribute__" and isinstance(base, ast.Name) and base.id in {"super", "object"}


def _is_main(node: ast.If) -> bool:
    return isinstance(node.test, ast.Compare) and isinstance(node.test.left, ast.Name) and node.test.left.id == "__name__"


_START = pattern(rb"(?m)^import[ \t]")


@scanner(
    "lines that Python runs at its start",
    lambda part: part.suffix == ".pth" and b"\x00" not in part.head and bool(_START.search(part.head)),
)
def startup(part: Part) -> Iterator[Seen]:
    """Say so: every line that begins with `import` is run by every interpreter of the environment."""
    yield Span(0, part.window.size)
    match = _START.search(part.head)
    offset = match.start() if match else 0
    yield part.sees(
        "startup-file", "a line of it runs whenever Python starts", Grade.MALICIOUS, offset=offset, effect="execute", loader="site"
    )
