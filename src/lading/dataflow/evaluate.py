"""What values an expression can have, following names, defaults, containers, formatting and simple calls; bounded, never run."""

import ast
import itertools
from collections.abc import Iterable, Iterator

from lading.dataflow.module import Binding, Block, Module, Scope
from lading.dataflow.project import Project
from lading.dataflow.values import MOST, UNKNOWN, Collection, Constant, Object, Parameter, Place, Text, Value

DEPTH = 24
"""Most steps from a use to a literal."""

DEEPEST = 48
LONGEST = 4000
"""Most nested and most questions asked to answer one."""

_UNWRAPPED = frozenset(
    {"field", "Field", "Option", "Argument", "Query", "Form", "Param", "attrib", "ib", "Variable", "StringVar", "DictConfig"}
)
_TRANSPARENT = frozenset(
    {
        "str",
        "Path",
        "PurePath",
        "list",
        "tuple",
        "set",
        "sorted",
        "frozenset",
        "iter",
        "enumerate",
        "tqdm",
        "deepcopy",
        "copy",
        "literal",
        "SecretStr",
    }
)
_TEXT_METHODS = frozenset({"strip", "rstrip", "lstrip", "lower", "upper", "copy", "as_posix", "expanduser", "resolve"})


class Effort:
    """How deep and how long one question may be followed, over all modules it leads through."""

    def __init__(self) -> None:
        self.depth = 0
        self.steps = 0
        self.cut = 0
        """How often an answer was cut short: what was found meanwhile is not the whole answer."""
        self.asked: set[object] = set()
        """The questions being answered: one that leads back to itself adds nothing."""

    def __enter__(self) -> bool:
        """Whether there is effort left; a new question starts afresh."""
        if not self.depth:
            self.steps = 0
            self.asked.clear()
        self.steps += 1
        self.depth += 1
        able = self.depth <= DEEPEST and self.steps <= LONGEST
        self.cut += not able
        return able

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


class Evaluator:
    """Evaluates expressions of one module, looking into sibling modules of the project where names come from there."""

    def __init__(self, module: Module, project: Project, effort: "Effort | None" = None) -> None:
        self.module = module
        self.project = project
        self.effort = effort or Effort()

    # --- values -------------------------------------------------------------------------------------------------

    def values(self, node: ast.expr, scope: Scope, block: Block = (), depth: int = 0) -> list[Value]:
        """The alternatives of an expression, without repetition; at most MOST."""
        key = ("values", id(node), block)
        if (known := self.module.answers.get(key)) is not None:
            return known[1]  # type: ignore[index, no-any-return]
        with self.effort as able:
            if depth > DEPTH or not able or key in self.effort.asked:
                self.effort.cut += 1
                return [UNKNOWN]
            before = self.effort.cut
            self.effort.asked.add(key)
            found = _distinct(itertools.islice(self._values(node, scope, block, depth + 1), MOST))
            self.effort.asked.discard(key)
        if self.effort.cut == before or not self.effort.depth:
            self.module.answers[key] = (node, found)
        return found

    def _values(self, node: ast.expr, scope: Scope, block: Block, depth: int) -> Iterator[Value]:  # noqa: C901, PLR0912 - one case per expression of the language
        match node:
            case ast.Constant(value=str() as text):
                yield Text(text, self._place(node))
            case ast.Constant():
                yield Constant(node.value)
            case ast.Name():
                yield from self.name(node.id, node.lineno, scope, block, depth)
            case ast.Attribute():
                yield from self.attribute(node, scope, block, depth)
            case ast.JoinedStr():
                yield from self.joined(node, scope, block, depth)
            case ast.BinOp(op=ast.Add() | ast.Div()):
                separator = "/" if isinstance(node.op, ast.Div) else ""
                yield from self.pairs(node, separator, scope, block, depth)
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
                yield from self.percent(node, scope, block, depth)
            case ast.BoolOp():
                for value in node.values:
                    yield from (v for v in self.values(value, scope, block, depth) if not _is_none(v))
            case ast.IfExp():
                yield from self.values(node.body, scope, block, depth)
                yield from self.values(node.orelse, scope, block, depth)
            case ast.Dict() | ast.List() | ast.Tuple() | ast.Set():
                yield Collection(node, self.module, scope)
            case ast.Subscript():
                yield from self.subscript(node, scope, block, depth)
            case ast.Call():
                yield from self.call(node, scope, block, depth)
            case ast.NamedExpr() | ast.Await() | ast.Starred():
                yield from self.values(node.value, scope, block, depth)
            case ast.DictComp():
                yield from self.values(node.key, scope, (*block, (id(node), 0)), depth)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                yield from self.values(node.elt, scope, (*block, (id(node), 0)), depth)
            case _:
                yield UNKNOWN

    def elements(self, node: ast.expr, scope: Scope, block: Block, index: int | None, depth: int) -> Iterator[Value]:
        """What a loop over an expression yields; `index` picks a part of each element (0: keys of a dict's items)."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"items", "values", "keys"}:
            wanted = {"keys": 0, "values": 1}.get(node.func.attr, index)
            for value in self.values(node.func.value, scope, block, depth):
                yield from self._entries(value, wanted, depth)
            return
        if isinstance(node, ast.Call) and _name(node.func) == "enumerate" and node.args:
            if index != 0:
                yield from self.elements(node.args[0], scope, block, None, depth)
            return
        if isinstance(node, ast.Call) and _name(node.func) == "zip" and index is not None and index < len(node.args):
            yield from self.elements(node.args[index], scope, block, None, depth)
            return
        for value in self.values(node, scope, block, depth):
            yield from self._members(value, index, depth)

    def _members(self, value: Value, index: int | None, depth: int) -> Iterator[Value]:
        if not isinstance(value, Collection):
            yield value if isinstance(value, (Parameter, Text)) else UNKNOWN
            return
        inside = self._of(value.module)
        nodes = [k for k in value.node.keys if k] if isinstance(value.node, ast.Dict) else value.node.elts
        for node in nodes:
            if index is None:
                yield from _followed(inside.values(node, value.scope, (), depth))
            elif isinstance(node, (ast.Tuple, ast.List)) and index < len(node.elts):
                yield from _followed(inside.values(node.elts[index], value.scope, (), depth))

    def _entries(self, value: Value, wanted: int | None, depth: int) -> Iterator[Value]:
        if isinstance(value, Text) and wanted != 1:
            yield value
            return
        if not (isinstance(value, Collection) and isinstance(value.node, ast.Dict)):
            yield UNKNOWN
            return
        inside = self._of(value.module)
        nodes = value.node.values if wanted == 1 else [k for k in value.node.keys if k]
        for node in nodes:
            yield from _followed(inside.values(node, value.scope, (), depth))

    def joined(self, node: ast.JoinedStr, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        """An f-string whose every part is known."""
        parts: list[list[Value]] = []
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            parts.append(self.values(inner, scope, block, depth))
        yield from self._combined(node, parts, "")

    def pairs(self, node: ast.BinOp, separator: str, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        """`a + b` of texts, `folder / name` of paths."""
        left, right = self.values(node.left, scope, block, depth), self.values(node.right, scope, block, depth)
        collections = [v for v in (*left, *right) if isinstance(v, Collection)]
        if collections and not separator:
            yield from collections
            return
        yield from self._combined(node, [left, right], separator)

    def percent(self, node: ast.BinOp, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        """`"%s/x" % name` with texts only."""
        assert isinstance(node.left, ast.Constant)
        pieces = str(node.left.value).split("%s")
        arguments = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        if len(pieces) != len(arguments) + 1:
            yield UNKNOWN
            return
        parts: list[list[Value]] = [[Text(pieces[0], self._place(node))]]
        for argument, piece in zip(arguments, pieces[1:], strict=True):
            parts += [self.values(argument, scope, block, depth), [Text(piece, self._place(node))]]
        yield from self._combined(node, parts, "")

    def _combined(self, node: ast.expr, parts: list[list[Value]], separator: str) -> Iterator[Value]:
        known = [[_text_of(v) for v in part] for part in parts]
        for choice in itertools.islice(itertools.product(*known), MOST):
            if all(t is not None for t in choice):
                longest = max((t for t in choice if t), key=lambda t: (t.followed and bool(t.place.line), len(t.text)), default=None)
                place = longest.place if longest and longest.place.line else self._place(node)
                yield Text(separator.join(t.text for t in choice if t), place, followed=True)
            else:
                yield UNKNOWN
                return

    def subscript(self, node: ast.Subscript, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        """An element of a table: the one under a known key, else any."""
        keys = {
            v.text if isinstance(v, Text) else v.value
            for v in self.values(node.slice, scope, block, depth)
            if isinstance(v, (Text, Constant))
        }
        base = _dotted(node.value)
        if base in {"os.environ", "environ"}:
            yield UNKNOWN
            return
        for value in self.values(node.value, scope, block, depth):
            if isinstance(value, Collection):
                yield from self._looked_up(value, keys, depth)
            else:
                yield UNKNOWN

    def _looked_up(self, table: Collection, keys: set[object], depth: int) -> Iterator[Value]:
        inside = self._of(table.module)
        if isinstance(table.node, ast.Dict):
            entries = [
                (k.value if isinstance(k, ast.Constant) else None, v) for k, v in zip(table.node.keys, table.node.values, strict=True)
            ]
        else:
            entries = list(enumerate(table.node.elts))
        chosen = [v for k, v in entries if k in keys] or ([] if keys and all(isinstance(k, str) for k in keys) else [v for _, v in entries])
        for node in chosen:
            yield from _followed(inside.values(node, table.scope, (), depth))

    def call(self, node: ast.Call, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        """The result of calls that only pass values on: environment defaults, formatting, wrappers, functions of the project."""
        name, dotted = _name(node.func), _dotted(node.func)
        if dotted in {"os.getenv", "getenv", "os.environ.get", "environ.get", "env.get", "config"} or name in {"getenv", "get_env"}:
            yield from self._default(node, node.args[1:2], scope, block, depth)
        elif name in {"get", "pop", "setdefault"} and isinstance(node.func, ast.Attribute) and node.args:
            yield from self._got(node, node.func.value, scope, block, depth)
        elif name in _UNWRAPPED:
            yield from self._default(node, node.args[:1], scope, block, depth)
        elif name in _TRANSPARENT and node.args:
            yield from self.values(node.args[0], scope, block, depth)
        elif dotted in {"os.path.join", "path.join", "osp.join", "posixpath.join", "op.join"} or name == "joinpath":
            yield from self._combined(node, [self.values(a, scope, block, depth) for a in node.args], "/")
        elif isinstance(node.func, ast.Attribute) and name in _TEXT_METHODS:
            yield from self.values(node.func.value, scope, block, depth)
        elif name == "format" and isinstance(node.func, ast.Attribute):
            yield from self._formatted(node, node.func.value, scope, block, depth)
        elif name == "dict" and not node.args and all(k.arg for k in node.keywords):
            yield Collection(_display(node), self.module, scope)
        else:
            yield from self._returned(node, scope, block, depth)

    def _default(self, node: ast.Call, positional: list[ast.expr], scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        named = [k.value for k in node.keywords if k.arg in {"default", "value"}]
        factories = [k.value.body for k in node.keywords if k.arg in {"default_factory", "factory"} and isinstance(k.value, ast.Lambda)]
        for default in (named or factories or positional)[:1]:
            yield from _followed(self.values(default, scope, block, depth))
        if not (named or factories or positional):
            yield UNKNOWN

    def _got(self, node: ast.Call, table: ast.expr, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        keys = {v.text for v in self.values(node.args[0], scope, block, depth) if isinstance(v, Text)}
        found = False
        for value in self.values(table, scope, block, depth):
            if isinstance(value, Collection):
                found = True
                yield from self._looked_up(value, set(keys), depth)
        for default in node.args[1:2]:
            found = True
            yield from _followed(self.values(default, scope, block, depth))
        if not found:
            yield UNKNOWN

    def _formatted(self, node: ast.Call, template: ast.expr, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        keywords = {k.arg: k.value for k in node.keywords if k.arg}
        for value in self.values(template, scope, block, depth):
            text = _text_of(value)
            pieces = _fields(text.text) if text else None
            if text is None or pieces is None:
                yield UNKNOWN
                continue
            parts: list[list[Value]] = []
            for literal, name in pieces:
                parts.append([Text(literal, text.place)])
                if name is None:
                    continue
                argument = keywords.get(name) if not name.isdigit() else node.args[int(name)] if int(name) < len(node.args) else None
                parts.append(self.values(argument, scope, block, depth) if argument else [UNKNOWN])
            yield from self._combined(node, parts, "")

    def _returned(self, node: ast.Call, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        function = self.definition(node.func, scope, block)
        if function is None or function[1].is_class or not function[1].returns:
            yield Object(node, self.module, scope)
            return
        module, target = function
        inside = self._of(module)
        for returned in target.returns[:8]:
            for value in inside.values(returned, target, (), depth + 4):
                if isinstance(value, Parameter) and value.function == target.name:
                    passed = argument_of(node, value.name, value.index)
                    yield from _followed(self.values(passed, scope, block, depth)) if passed else [UNKNOWN]
                else:
                    yield from _followed([value])

    # --- names --------------------------------------------------------------------------------------------------

    def name(self, name: str, line: int, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        """The values of a name where it is used: the assignments that reach it, in this scope or the enclosing ones."""
        found = self.bindings(name, line, scope, block)
        if found is None:
            yield from self._starred(name, depth) or [UNKNOWN]
            return
        where, bindings = found
        for binding in bindings:
            yield from _followed(self._bound(name, binding, where, depth))

    def _starred(self, name: str, depth: int) -> list[Value]:
        values: list[Value] = []
        for star in self.module.stars:
            if path := self.project.find(star, self.module.path):
                values += self._member_of(path, name, depth)
        return values

    def bindings(self, name: str, line: int, scope: Scope, block: Block) -> tuple[Scope, list[Binding]] | None:
        """The scope that binds a name and the bindings that reach a line there."""
        current: Scope | None = scope
        while current is not None:
            bound = current.bindings.get(name)
            if bound and (current is scope or not current.is_class):
                return current, _reaching(bound, line, block) if current is scope else bound[-12:]
            current = current.parent
        return None

    def _bound(self, name: str, binding: Binding, scope: Scope, depth: int) -> Iterable[Value]:  # noqa: PLR0911 - one answer per kind of binding
        if depth > DEPTH:
            self.effort.cut += 1
            return [UNKNOWN]
        if binding.imported:
            return self._imported(binding.imported, depth)
        if binding.parameter is not None:
            default = self.values(binding.value, scope.parent or scope, (), depth) if binding.value else []
            return [*(v for v in default if not _is_none(v)), Parameter(scope.name, name, binding.parameter)]
        if binding.value is None:
            return [UNKNOWN]
        if binding.element or binding.index is not None:
            if not binding.element and isinstance(binding.value, ast.Call):
                return [UNKNOWN]
            return list(itertools.islice(self.elements(binding.value, scope, binding.block, binding.index, depth), MOST))
        return self.values(binding.value, scope, binding.block, depth)

    def _imported(self, dotted: str, depth: int) -> list[Value]:
        base, _, name = dotted.rpartition(".")
        path = self.project.find(base, self.module.path) if base else ""
        return (self._member_of(path, name, depth) if path else []) or [UNKNOWN]

    def _member_of(self, path: str, name: str, depth: int) -> list[Value]:
        module = self.project.module(path)
        if module is None or module is self.module or name not in module.root.bindings:
            return []
        return self._of(module).values(ast.Name(name, lineno=1 << 30), module.root, (), depth + 2)

    def attribute(self, node: ast.Attribute, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        """`module.NAME`, `self.name`, a field of a class or its instance, an option of the command line."""
        found = list(self._attribute(node, scope, block, depth))
        if any(isinstance(v, (Text, Collection, Parameter, Object)) for v in found):
            yield from _followed(found)
            return
        options = self.module.options.get(node.attr, [])
        for default in options:
            yield from _followed(self.values(default, self.module.root, (), depth))
        if not options:
            yield from self._fields_named(node.attr, depth) or [UNKNOWN]

    def _attribute(self, node: ast.Attribute, scope: Scope, block: Block, depth: int) -> Iterator[Value]:
        if node.attr in {"value", "name"} and isinstance(node.value, ast.Attribute):
            yield from self.values(node.value, scope, block, depth)
            return
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
            if owner := scope.owner():
                yield from self.own(owner, node.attr, depth)
            return
        for dotted in self.dotted(node.value, scope, block):
            if path := self.project.find(dotted, self.module.path):
                yield from self._member_of(path, node.attr, depth)
        if (definition := self.definition(node.value, scope, block)) and definition[1].is_class:
            yield from self._of(definition[0]).own(definition[1], node.attr, depth)
        for value in self.values(node.value, scope, block, depth) if isinstance(node.value, (ast.Name, ast.Attribute, ast.Call)) else ():
            if (
                isinstance(value, Object)
                and (made := self._of(value.module).definition(value.call.func, value.scope, ()))
                and made[1].is_class
            ):
                passed = next((k.value for k in value.call.keywords if k.arg == node.attr), None)
                if passed is not None:
                    yield from self._of(value.module).values(passed, value.scope, (), depth)
                else:
                    yield from self._of(made[0]).own(made[1], node.attr, depth)

    def own(self, owner: Scope, name: str, depth: int) -> Iterator[Value]:
        """The values of an attribute of a class: what its methods assign, its fields, its base classes'."""
        for value, scope in owner.attributes.get(name, [])[:8]:
            yield from self.values(value, scope, (), depth)
        for binding in owner.bindings.get(name, [])[-4:]:
            if binding.value is not None:
                yield from self.values(binding.value, owner, (), depth)
                if name not in owner.attributes:
                    yield Parameter(f"{owner.name}.__init__", name, -1)
        if name not in owner.attributes and name not in owner.bindings and isinstance(owner.node, ast.ClassDef) and depth < DEPTH:
            for base in owner.node.bases[:3]:
                if (parent := self.definition(base, owner.parent or owner, ())) and parent[1] is not owner:
                    yield from self._of(parent[0]).own(parent[1], name, depth + 2)

    def _fields_named(self, name: str, depth: int) -> list[Value]:
        """Defaults of class fields of that name, here or in the modules imported from the project: what a parsed configuration holds."""
        for module in self._near():
            if name in module.options:
                inside = self._of(module)
                return _distinct(v for d in module.options[name][:8] for v in _followed(inside.values(d, module.root, (), depth)))
            if name in module.fields:
                inside = self._of(module)
                return _distinct(v for d, scope in module.fields[name][:8] for v in _followed(inside.values(d, scope, (), depth)))
        return []

    def _near(self) -> Iterator[Module]:
        yield self.module
        for dotted in sorted(self.module.imports):
            path = self.project.find(dotted, self.module.path)
            if path and path != self.module.path and (module := self.project.module(path)):
                yield module

    # --- what is called -----------------------------------------------------------------------------------------

    def dotted(self, node: ast.expr, scope: Scope, block: Block = (), depth: int = 0) -> list[str]:
        """The dotted names an expression can mean: `AutoModel` is `transformers.AutoModel`, an instance of it `transformers.AutoModel()`.

        A name that is bound to nothing known begins with `?`.
        """
        key = ("names", id(node), block)
        if (known := self.module.answers.get(key)) is not None:
            return known[1]  # type: ignore[index, no-any-return]
        with self.effort as able:
            if depth > DEPTH // 2 or not able:
                self.effort.cut += 1
                return []
            before = self.effort.cut
            found = self._dotted_by_form(node, scope, block, depth)
        if self.effort.cut == before or not self.effort.depth:
            self.module.answers[key] = (node, found)
        return found

    def _dotted_by_form(self, node: ast.expr, scope: Scope, block: Block, depth: int) -> list[str]:  # noqa: PLR0911 - one answer per form
        match node:
            case ast.Name():
                return self._dotted_name(node, scope, block, depth)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr) if owner := scope.owner():
                assigned = owner.attributes.get(attr, [])
                names = [d for value, where in assigned[:4] for d in self.dotted(value, where, (), depth + 1)]
                return names or [f"?.{attr}"]
            case ast.Attribute():
                return [f"{base}.{node.attr}" for base in self.dotted(node.value, scope, block, depth + 1) or ["?"]]
            case ast.Call(func=ast.Name(id="getattr"), args=[base, attribute, *_]):
                names = [v.text for v in self.values(attribute, scope, block) if isinstance(v, Text)]
                return [f"{d}.{n}" for d in self.dotted(base, scope, block, depth + 1) for n in names]
            case ast.Call():
                return [f"{d}()" for d in self.dotted(node.func, scope, block, depth + 1)]
            case ast.Await() | ast.NamedExpr():
                return self.dotted(node.value, scope, block, depth + 1)
            case ast.IfExp():
                return self.dotted(node.body, scope, block, depth + 1) + self.dotted(node.orelse, scope, block, depth + 1)
            case ast.BoolOp():
                return [d for v in node.values for d in self.dotted(v, scope, block, depth + 1)]
            case ast.Subscript():
                return self._dotted_entries(node, scope, block, depth)
            case _:
                return ["?"]

    def _dotted_entries(self, node: ast.Subscript, scope: Scope, block: Block, depth: int) -> list[str]:
        names: list[str] = []
        for value in self.values(node.value, scope, block, depth):
            if isinstance(value, Collection) and isinstance(value.node, ast.Dict):
                names += [d for v in value.node.values for d in self._of(value.module).dotted(v, value.scope, (), depth + 1)]
        return names or ["?"]

    def _dotted_name(self, node: ast.Name, scope: Scope, block: Block, depth: int) -> list[str]:
        found = self.bindings(node.id, node.lineno, scope, block)
        if found is None:
            return [f"{star}.{node.id}" for star in self.module.stars if not star.startswith(".")] or ["?"]
        where, bindings = found
        names: list[str] = []
        for binding in bindings:
            if binding.imported:
                names.append(binding.imported)
            elif binding.value is not None and binding.index is None and not binding.element:
                names += self.dotted(binding.value, where, binding.block, depth + 1)
            elif binding.definition is not None and binding.definition.is_class and isinstance(binding.definition.node, ast.ClassDef):
                names += [d for b in binding.definition.node.bases[:2] for d in self.dotted(b, where, (), depth + 1)]
        return list(dict.fromkeys(names)) or ["?"]

    def definition(self, node: ast.expr, scope: Scope, block: Block = (), depth: int = 0) -> tuple[Module, Scope] | None:
        """The function or class of the project that an expression means, with the module it stands in."""
        with self.effort as able:
            return self._defined(node, scope, block, depth) if able and depth <= DEPTH // 2 else None

    def _defined(self, node: ast.expr, scope: Scope, block: Block, depth: int) -> tuple[Module, Scope] | None:
        if isinstance(node, ast.Name):
            return self._defined_name(node, scope, block, depth)
        if not isinstance(node, ast.Attribute):
            return None
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"} and (owner := scope.owner()):
            return (self.module, owner.children[node.attr]) if node.attr in owner.children else None
        for dotted in self.dotted(node.value, scope, block):
            path = self.project.find(dotted, self.module.path)
            if path and (module := self.project.module(path)) and node.attr in module.root.children:
                return module, module.root.children[node.attr]
        base = node.value.func if isinstance(node.value, ast.Call) else node.value
        if isinstance(base, ast.Name) and (found := self.bindings(base.id, base.lineno, scope, block)):
            base = next((b.value.func for b in reversed(found[1]) if isinstance(b.value, ast.Call)), base)
        made = self.definition(base, scope, block, depth + 1) if base is not node.value or isinstance(base, ast.Name) else None
        if made and made[1].is_class and node.attr in made[1].children:
            return made[0], made[1].children[node.attr]
        return None

    def _defined_name(self, node: ast.Name, scope: Scope, block: Block, depth: int) -> tuple[Module, Scope] | None:
        found = self.bindings(node.id, node.lineno, scope, block)
        for binding in reversed(found[1]) if found else ():
            if binding.definition is not None:
                return self.module, binding.definition
            if binding.imported:
                return self.imported_definition(binding.imported, depth)
            if isinstance(binding.value, ast.Name) and found and binding.value.id != node.id:
                return self.definition(binding.value, found[0], binding.block, depth + 1)
        return None

    def imported_definition(self, dotted: str, depth: int) -> tuple[Module, Scope] | None:
        """The function or class that an imported name means, also where a package passes it on."""
        base, _, name = dotted.rpartition(".")
        path = self.project.find(base, self.module.path) if base else ""
        module = self.project.module(path) if path else None
        if module is None or module is self.module:
            return None
        if name in module.root.children:
            return module, module.root.children[name]
        again = next((b.imported for b in module.root.bindings.get(name, []) if b.imported), "")
        return self._of(module).imported_definition(again, depth + 1) if again and depth < DEPTH // 2 else None

    # --- small things -------------------------------------------------------------------------------------------

    def _of(self, module: Module) -> "Evaluator":
        return self if module is self.module else Evaluator(module, self.project, self.effort)

    def _place(self, node: ast.expr) -> Place:
        return self.module.place(node.lineno)


def argument_of(node: ast.Call, name: str, index: int) -> ast.expr | None:
    """The expression a call passes for a parameter, by name or position; None when it passes none."""
    for keyword in node.keywords:
        if keyword.arg == name:
            return keyword.value
    if 0 <= index < len(node.args) and not any(isinstance(a, ast.Starred) for a in node.args[: index + 1]):
        return node.args[index]
    return None


def written(node: ast.AST) -> str:
    """An expression as source, cut to one readable line."""
    try:
        text = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):
        return type(node).__name__
    return text if len(text) <= 80 else text[:77] + "…"  # noqa: PLR2004 - a line of a terminal


def _reaching(bindings: list[Binding], line: int, block: Block) -> list[Binding]:
    """The assignments that reach a line: backwards up to one that dominates it; later ones only when there is none before."""
    reached: list[Binding] = []
    for binding in reversed(bindings):
        if binding.line > line and binding.parameter is None:
            continue
        reached.append(binding)
        if block[: len(binding.block)] == binding.block:
            break
    return list(reversed(reached)) or bindings[-12:]


def _followed(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        yield Text(value.text, value.place, followed=True) if isinstance(value, Text) and not value.followed else value


def _distinct(values: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(values))


def _is_none(value: Value) -> bool:
    return isinstance(value, Constant) and not value.value


def _text_of(value: Value) -> Text | None:
    if isinstance(value, Text):
        return value
    return Text(str(value.value), Place("", 0)) if isinstance(value, Constant) and isinstance(value.value, (int, float)) else None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _display(node: ast.Call) -> ast.Dict:
    """`dict(a=1)` as `{"a": 1}`."""
    keys: list[ast.expr | None] = [ast.copy_location(ast.Constant(k.arg), k.value) for k in node.keywords]
    return ast.copy_location(ast.Dict(keys, [k.value for k in node.keywords]), node)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def _fields(template: str) -> list[tuple[str, str | None]] | None:
    """The literals and field names of a format string, positions numbered; None when it is none."""
    import string  # noqa: PLC0415 - rarely needed

    pieces: list[tuple[str, str | None]] = []
    try:
        for count, (literal, name, _, _) in enumerate(string.Formatter().parse(template)):
            pieces.append((literal, name or str(count) if name is not None else None))
    except ValueError:
        return None
    return pieces
