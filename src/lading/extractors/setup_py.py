"""setup.py: requirements that stand in it as literals, read by its syntax tree; it is never run."""

import ast
from collections.abc import Iterator

from lading.catalog.requirement import requirement
from lading.core.component import Component, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

_ARGUMENTS = {"install_requires": Scope.RUNTIME, "extras_require": Scope.RUNTIME, "setup_requires": Scope.CI, "tests_require": Scope.TEST}
MOST_STEPS = 20_000

_NAME = pattern(r"[A-Za-z0-9][\w.-]*")


@extractor("setup.py")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield the requirements among the arguments of `setup`, through names, lists, tables and helpers of the module."""
    try:
        module = ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
        raise ExtractError(f"{file.path} is not Python: {e}") from e
    names = _assigned(module)
    pool = _pool(names)
    for call in (n for n in ast.walk(module) if isinstance(n, ast.Call)):
        called = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
        for keyword in call.keywords if called == "setup" else ():
            if keyword.arg in _ARGUMENTS:
                yield from _requirements(file, keyword.arg, _literals(keyword.value, names, pool))


def _assigned(module: ast.Module) -> dict[str, list[ast.expr]]:
    """What the module assigns to each name, and to each key of a table it fills (`extras["test"] = …`)."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                base = target.value if isinstance(target, ast.Subscript) else target
                if isinstance(base, ast.Name):
                    found.setdefault(base.id, []).append(node.value)
    return found


def _requirements(file: SourceFile, argument: str, literals: Iterator[ast.Constant]) -> Iterator[Component]:
    scope = _ARGUMENTS[argument]
    for literal in literals:
        at = Occurrence(file.path, literal.lineno, argument, str(literal.value), Confidence.INFERRED, scope)
        if found := requirement(str(literal.value), at):
            yield found


def _pool(names: dict[str, list[ast.expr]]) -> dict[str, ast.Constant]:
    """The requirements that stand in lists of the module, by package: tables such as `deps["torch"]` are made of them."""
    found: dict[str, ast.Constant] = {}
    for value in (v for values in names.values() for v in values if isinstance(v, ast.List)):
        for element in value.elts:
            if isinstance(element, ast.Constant) and isinstance(element.value, str) and (name := _NAME.match(element.value)):
                found.setdefault(name[0].lower(), element)
    return found


def _literals(value: ast.expr, names: dict[str, list[ast.expr]], pool: dict[str, ast.Constant]) -> Iterator[ast.Constant]:
    """The strings an expression is made of; keys of tables are no requirements, each name is followed once."""
    pending, followed = [value], set[str]()
    for _ in range(MOST_STEPS):
        if not pending:
            return
        node = pending.pop(0)
        match node:
            case ast.Constant(value=str()):
                yield node
            case ast.Name(id=name) if name not in followed:
                followed.add(name)
                pending += names.get(name, [])
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                pending += parts
            case ast.Dict(values=parts):
                pending += parts
            case ast.BinOp(left=left, right=right):
                pending += [left, right]
            case ast.Starred(value=inner):
                pending.append(inner)
            case _:
                yield from _pooled(node, pool)


def _pooled(node: ast.expr, pool: dict[str, ast.Constant]) -> Iterator[ast.Constant]:
    """What `deps["torch"]` and `deps_list("torch", "numpy")` take from a table of requirements."""
    keys = [node.slice] if isinstance(node, ast.Subscript) else node.args if isinstance(node, ast.Call) else []
    for key in keys:
        if isinstance(key, ast.Constant) and str(key.value).lower() in pool:
            yield pool[str(key.value).lower()]
