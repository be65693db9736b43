"""A Python module as scopes, bindings and calls, each with its place; built once, never run."""

import ast
import warnings
import weakref
from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeAlias

from msgspec import Struct, field

from lading.core.errors import ExtractError, LimitError
from lading.dataflow.values import Place

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Block: TypeAlias = tuple[tuple[int, int], ...]
"""The branches a statement stands in, outermost first: a block that is a prefix of another dominates it."""


class Binding(Struct):
    """One way a name gets its value in a scope.

    `value` is the expression assigned; `element` says that the name takes an element of it (a loop), `index` which part
    of a tuple; `definition` is a function or class; `imported` a dotted name; `parameter` the position of a parameter.
    """

    line: int
    block: Block
    value: ast.expr | None = None
    element: bool = False
    index: int | None = None
    definition: "Scope | None" = None
    imported: str = ""
    parameter: int | None = None


class Scope(Struct, eq=False, weakref=True):
    """A module, class or function with the names bound in it.

    It holds its children; the way up is weak, so that a module which nobody needs any more is gone at once.
    """

    node: ast.AST
    name: str
    above: "weakref.ref[Scope] | None"
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    returns: list[ast.expr] = field(default_factory=list)
    attributes: dict[str, list[tuple[ast.expr, "Scope"]]] = field(default_factory=dict)
    """Of a class: what its methods assign to `self.NAME`."""
    children: dict[str, "Scope"] = field(default_factory=dict)

    @property
    def parent(self) -> "Scope | None":
        """The scope around this one."""
        return self.above() if self.above else None

    @property
    def is_class(self) -> bool:
        """Whether this is the body of a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        """Whether this is the body of a function."""
        return isinstance(self.node, (ast.FunctionDef, ast.AsyncFunctionDef))

    def owner(self) -> "Scope | None":
        """The class whose method this scope is in."""
        scope: Scope | None = self
        while scope and not (scope.is_function and scope.parent and scope.parent.is_class):
            scope = scope.parent
        return scope.parent if scope else None


class Call(Struct):
    """A call with the scope and block it stands in."""

    node: ast.Call
    scope: Scope
    block: Block


class Module(Struct, eq=False):
    """A parsed module: its root scope, its calls in order, and where a virtual line lies in the file."""

    path: str
    place: Callable[[int], Place]
    root: Scope
    calls: list[Call] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    """First parts of every imported name, and every module imported whole."""
    options: dict[str, list[ast.expr]] = field(default_factory=dict)
    """Defaults of command-line options by destination: argparse, absl flags."""
    fields: dict[str, list[tuple[ast.expr, Scope]]] = field(default_factory=dict)
    """Defaults of class fields by name."""
    keyed: list[tuple[str, ast.expr, Scope, Block, str]] = field(default_factory=list)
    """Every value that stands under a name: (name, value, scope, block, what kind of place it is)."""
    stars: list[str] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)
    """The names of every function and class, at any depth."""
    answers: dict[object, object] = field(default_factory=dict)
    """What has been found out about its expressions, by whoever asks."""


def parse_python(text: str, path: str) -> ast.Module:
    """The syntax tree of Python source; ExtractError with the line when it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as e:
        raise ExtractError(f"{path}:{e.lineno or 1} is not Python 3: {e.msg}") from e
    except (ValueError, RecursionError, MemoryError) as e:
        raise LimitError(f"{path} cannot be parsed as Python: {str(e) or type(e).__name__}") from e


def build_module(tree: ast.Module, path: str, place: Callable[[int], Place], package: str) -> Module:
    """The scopes, bindings and calls of a syntax tree; `package` is the dotted folder relative imports start from."""
    module = Module(path, place, Scope(tree, "", None))
    try:
        _Builder(module, package).body(tree.body, module.root, ())
    except RecursionError as e:
        raise LimitError(f"{path} nests too deep to be followed") from e
    return module


class _Builder:
    def __init__(self, module: Module, package: str) -> None:
        self.module = module
        self.package = package

    def body(self, statements: list[ast.stmt], scope: Scope, block: Block) -> None:
        for statement in statements:
            self.statement(statement, scope, block)

    def statement(self, node: ast.stmt, scope: Scope, block: Block) -> None:  # noqa: C901, PLR0912 - one case per statement of the language
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.function(node, scope, block)
            case ast.ClassDef():
                self.klass(node, scope, block)
            case ast.Import() | ast.ImportFrom():
                self.imports(node, scope, block)
            case ast.Assign():
                self.expression(node.value, scope, block)
                for target in node.targets:
                    self.bind(target, node.value, scope, block)
            case ast.AnnAssign():
                if node.value:
                    self.expression(node.value, scope, block)
                    self.bind(node.target, node.value, scope, block)
            case ast.AugAssign():
                self.expression(node.value, scope, block)
            case ast.For() | ast.AsyncFor():
                self.expression(node.iter, scope, block)
                inner = (*block, (id(node), 0))
                self.bind(node.target, node.iter, scope, inner, element=True)
                self.body(node.body, scope, inner)
                self.body(node.orelse, scope, (*block, (id(node), 1)))
            case ast.If():
                self.expression(node.test, scope, block)
                self.body(node.body, scope, (*block, (id(node), 0)))
                self.body(node.orelse, scope, (*block, (id(node), 1)))
            case ast.While():
                self.expression(node.test, scope, block)
                self.body(node.body, scope, (*block, (id(node), 0)))
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.expression(item.context_expr, scope, block)
                    if item.optional_vars:
                        self.bind(item.optional_vars, item.context_expr, scope, block)
                self.body(node.body, scope, block)
            case ast.Try() | ast.TryStar():
                self.body(node.body, scope, block)
                for number, handler in enumerate(node.handlers):
                    self.body(handler.body, scope, (*block, (id(node), number + 1)))
                self.body(node.orelse, scope, block)
                self.body(node.finalbody, scope, block)
            case ast.Match():
                self.expression(node.subject, scope, block)
                for number, case in enumerate(node.cases):
                    self.body(case.body, scope, (*block, (id(node), number)))
            case ast.Return():
                if node.value:
                    self.expression(node.value, scope, block)
                    scope.returns.append(node.value)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.expression(child, scope, block)

    def function(self, node: Function, scope: Scope, block: Block) -> None:
        for decorator in node.decorator_list:
            self.expression(decorator, scope, block)
        inner = self.define(node, node.name, scope, block)
        arguments = [*node.args.posonlyargs, *node.args.args]
        shift = int(scope.is_class and not any(_tail(d) == "staticmethod" for d in node.decorator_list))
        defaults: list[ast.expr | None] = [None] * (len(arguments) - len(node.args.defaults)) + list(node.args.defaults)
        declared = _declared_options(node.decorator_list)
        keyword_defaults = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=False)
        for position, (argument, default) in enumerate([*zip(arguments, defaults, strict=False), *keyword_defaults]):
            value = default or declared.get(argument.arg)
            if value:
                self.expression(value, scope, block)
                self.module.keyed.append((argument.arg, value, scope, block, "default of parameter"))
            inner.bindings.setdefault(argument.arg, []).append(Binding(node.lineno, (), value, parameter=position - shift))
        self.body(node.body, inner, ())

    def klass(self, node: ast.ClassDef, scope: Scope, block: Block) -> None:
        for expression in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self.expression(expression, scope, block)
        inner = self.define(node, node.name, scope, block)
        self.body(node.body, inner, ())
        for name, bindings in inner.bindings.items():
            for binding in bindings:
                if binding.value is not None:
                    self.module.fields.setdefault(name, []).append((binding.value, inner))

    def define(self, node: Function | ast.ClassDef, name: str, scope: Scope, block: Block) -> Scope:
        inner = Scope(node, f"{scope.name}.{name}".lstrip("."), weakref.ref(scope))
        scope.children[name] = inner
        self.module.defined.add(name)
        scope.bindings.setdefault(name, []).append(Binding(node.lineno, block, definition=inner))
        return inner

    def imports(self, node: ast.Import | ast.ImportFrom, scope: Scope, block: Block) -> None:
        base = ""
        if isinstance(node, ast.ImportFrom):
            base = self.base(node)
            self.module.imports.add(base.partition(".")[0])
        for alias in node.names:
            dotted = f"{base}.{alias.name}".lstrip(".") if isinstance(node, ast.ImportFrom) else alias.name
            if alias.name == "*":
                self.module.stars.append(base)
                continue
            self.module.imports |= {dotted.partition(".")[0], dotted}
            name = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.partition(".")[0])
            imported = dotted if alias.asname or isinstance(node, ast.ImportFrom) else name
            scope.bindings.setdefault(name, []).append(Binding(node.lineno, block, imported=imported))

    def base(self, node: ast.ImportFrom) -> str:
        """The absolute module of an import; relative ones begin with a dot and name the folder from the root of the tree."""
        if not node.level:
            return node.module or ""
        folder = self.package.split(".") if self.package else []
        folder = folder[: len(folder) - (node.level - 1)] if node.level > 1 else folder
        return "." + ".".join([*folder, *([node.module] if node.module else [])])

    def bind(self, target: ast.expr, value: ast.expr, scope: Scope, block: Block, *, element: bool = False) -> None:
        match target:
            case ast.Name():
                scope.bindings.setdefault(target.id, []).append(Binding(target.lineno, block, value, element))
                if not element:
                    place = "field" if scope.is_class else "name"
                    self.module.keyed.append((target.id, value, scope, block, place))
            case ast.Tuple() | ast.List():
                self.unpack(target, value, scope, block, element=element)
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                if owner := scope.owner():
                    owner.attributes.setdefault(target.attr, []).append((value, scope))
                self.module.keyed.append((target.attr, value, scope, block, "attribute"))
            case ast.Attribute():
                self.module.keyed.append((target.attr, value, scope, block, "attribute"))
            case ast.Subscript(slice=ast.Constant(value=str() as key)):
                self.module.keyed.append((key, value, scope, block, "key"))
            case ast.Starred():
                self.bind(target.value, value, scope, block, element=True)
            case _:
                pass

    def unpack(self, target: ast.Tuple | ast.List, value: ast.expr, scope: Scope, block: Block, *, element: bool) -> None:
        parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) and not element else []
        for index, part in enumerate(target.elts):
            if len(parts) == len(target.elts):
                self.bind(part, parts[index], scope, block)
            elif isinstance(part, ast.Name):
                scope.bindings.setdefault(part.id, []).append(Binding(part.lineno, block, value, element, index))

    def expression(self, root: ast.expr, scope: Scope, block: Block) -> None:  # noqa: C901, PLR0912 - one case per expression that binds
        """Record the calls, named values and inner bindings of an expression."""
        stack: list[ast.AST] = [root]
        found: list[Call] = []
        while stack:
            node = stack.pop()
            match node:
                case ast.Name() | ast.Constant():
                    continue
                case ast.Call():
                    found += [Call(call, scope, block) for call in (node, _deferred(node)) if call]
                    self.option(node)
                    for keyword in node.keywords:
                        if keyword.arg:
                            self.module.keyed.append((keyword.arg, keyword.value, scope, block, "argument"))
                case ast.Dict():
                    for key, value in zip(node.keys, node.values, strict=True):
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            self.module.keyed.append((key.value, value, scope, block, "key"))
                case ast.NamedExpr(target=ast.Name(id=name)):
                    scope.bindings.setdefault(name, []).append(Binding(node.lineno, block, node.value))
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                    for generator in node.generators:
                        self.bind(generator.target, generator.iter, scope, (*block, (id(node), 0)), element=True)
                case _:
                    pass
            for name in _parts(node._fields):
                part = getattr(node, name)
                if isinstance(part, list):
                    stack += filter(None, part)
                elif part is not None:
                    stack.append(part)
        found.sort(key=lambda c: (c.node.lineno, c.node.col_offset))
        self.module.calls += found

    def option(self, node: ast.Call) -> None:
        """Remember the default of a command-line option under the name it is read by."""
        name = _tail(node.func)
        default = next((k.value for k in node.keywords if k.arg == "default"), None)
        if name == "add_argument":
            if default is not None:
                for destination in _destinations(node):
                    self.module.options.setdefault(destination, []).append(default)
        elif name.startswith("DEFINE_") and len(node.args) > 1 and isinstance(node.args[0], ast.Constant):
            self.module.options.setdefault(str(node.args[0].value), []).append(node.args[1])


@cache
def _parts(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the fields of an expression that hold expressions."""
    return tuple(f for f in fields if f not in _WITHOUT_EXPRESSION)


_WITHOUT_EXPRESSION = frozenset({"ctx", "op", "ops", "attr", "arg", "conversion", "is_async", "simple", "type_comment"})


_DEFERRING = frozenset({"partial", "submit", "to_thread"})


def _deferred(node: ast.Call) -> ast.Call | None:
    """The call that another one prepares: `partial(f, x)`, `map(f, xs)`, `pool.submit(f, x)` say `f(x)`."""
    mapped = isinstance(node.func, ast.Name) and node.func.id == "map"
    if not (mapped or _tail(node.func) in _DEFERRING) or not node.args or not isinstance(node.args[0], (ast.Name, ast.Attribute)):
        return None
    if len(node.args) == 1 and not node.keywords:
        return None
    return ast.copy_location(ast.Call(node.args[0], node.args[1:], [] if mapped else node.keywords), node)


def _destinations(node: ast.Call) -> Iterator[str]:
    explicit = next((k.value for k in node.keywords if k.arg == "dest"), None)
    names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if isinstance(explicit, ast.Constant):
        yield str(explicit.value)
        return
    for name in names:
        if name.startswith("--") or not name.startswith("-"):
            yield name.lstrip("-").replace("-", "_")


def _declared_options(decorators: list[ast.expr]) -> dict[str, ast.expr]:
    """What `@click.option` and its like, and `@pytest.mark.parametrize`, give to parameters."""
    found: dict[str, ast.expr] = {}
    for decorator in decorators:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[ast.Constant(value=str() as name), values, *_]):
                found[name] = values
            case _:
                pass
        if isinstance(decorator, ast.Call) and _tail(decorator.func) in {"option", "argument"}:
            default = next((k.value for k in decorator.keywords if k.arg == "default"), None)
            if default is not None:
                found.update(dict.fromkeys(_destinations(decorator), default))
    return found


def _tail(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
