"""The Python modules of a scanned tree: found by their dotted names, parsed when asked, kept while they are likely asked again."""

import contextlib
from collections import OrderedDict
from functools import cached_property

from msgspec import Struct

from lading.core.errors import ExtractError
from lading.core.limits import DEFAULT_LIMITS
from lading.core.pattern import pattern
from lading.core.source import SourceFile, Tree
from lading.dataflow.module import Module, build_module, parse_python
from lading.dataflow.values import Place

KEPT = 128
"""Parsed modules kept in memory at once."""


MOST_PASSED_ON = 8
"""Most packages that pass a name on before its definition."""


class Defined(Struct, frozen=True):
    """A function or class at the top of a module."""

    path: str
    name: str
    is_class: bool


class Outline(Struct, frozen=True):
    """What a module defines and passes on at its top: little enough to keep of every module."""

    definitions: dict[str, bool]
    """Names of functions (False) and classes (True)."""
    imported: dict[str, str]

    @classmethod
    def of(cls, module: Module | None) -> "Outline":
        """The outline of a parsed module; empty when it cannot be parsed."""
        if module is None:
            return cls({}, {})
        imported = {name: b.imported for name, bindings in module.root.bindings.items() for b in bindings if b.imported}
        return cls({name: scope.is_class for name, scope in module.root.children.items()}, imported)


class Project:
    """The modules of a tree; get one by `tree.once(Project)`."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._modules: OrderedDict[str, Module | None] = OrderedDict()
        self._found: dict[tuple[str, str], str] = {}
        self._outlines: dict[str, Outline] = {}

    def module(self, path: str) -> Module | None:
        """The module at a path; None when it cannot be parsed (its own scan says why)."""
        if path in self._modules:
            self._modules.move_to_end(path)
            return self._modules[path]
        file = self.tree.file(path)
        try:
            module = source_module(file) if file else None
        except ExtractError:
            module = None
        self._keep(path, module)
        return module

    def _keep(self, path: str, module: Module | None) -> None:
        self._modules[path] = module
        self._outlines[path] = Outline.of(module)
        if len(self._modules) > KEPT:
            _, dropped = self._modules.popitem(last=False)
            if dropped:
                dropped.answers.clear()

    def defined(self, dotted: str, importer: str, depth: int = 0) -> "Defined | None":
        """The function or class that an imported name means, also where a package passes it on; parses no module twice."""
        base, _, name = dotted.rpartition(".")
        path = self.find(base, importer) if base else ""
        if not path or path == importer or depth > MOST_PASSED_ON:
            return None
        if path not in self._outlines:
            self.module(path)
        outline = self._outlines[path]
        if name in outline.definitions:
            return Defined(path, name, outline.definitions[name])
        again = outline.imported.get(name, "")
        return self.defined(again, path, depth + 1) if again else None

    def defines(self, name: str) -> bool:
        """Whether any module of the tree has a function or class of that name, at any depth; told from the text alone."""
        return name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        names: set[bytes] = set()
        for path in self.tree.paths:
            if path.endswith((".py", ".pyw")):
                with contextlib.suppress(OSError), self.tree.open(path) as stream:
                    names.update(_DEFINITION.findall(stream.read(DEFAULT_LIMITS.text_bytes)))
        return frozenset(name.decode("utf-8", "replace") for name in names)

    def module_of(self, file: SourceFile) -> Module:
        """The module of a file of the tree, or of other bytes in its place; ExtractError when it is not Python."""
        known = self._modules.get(file.path) if self.tree.file(file.path) is file else None
        module = known or source_module(file)
        self._keep(file.path, module)
        return module

    def find(self, dotted: str, importer: str) -> str:
        """The path of the module that a dotted name means to a file; empty when the tree has none.

        A name with a leading dot counts from the root of the tree; others from the folder of the importer upwards, then `src`.
        """
        key = (dotted, importer.rpartition("/")[0])
        if key not in self._found:
            self._found[key] = self._search(dotted, key[1])
        return self._found[key]

    def _search(self, dotted: str, folder: str) -> str:
        relative = dotted.lstrip(".").replace(".", "/")
        if dotted.startswith("."):
            return self._at(relative)
        parts = folder.split("/") if folder else []
        bases = ["/".join(parts[:end]) for end in range(len(parts), -1, -1)]
        for base in [*bases, "src"]:
            if path := self._at(f"{base}/{relative}".lstrip("/")):
                return path
        return ""

    def _at(self, stem: str) -> str:
        return next((p for p in (f"{stem}.py", f"{stem}/__init__.py") if p in self.tree.paths), "")


_DEFINITION = pattern(rb"\b(?:def|class)[\s\\]+([\w\x80-\xff]+)")


def source_module(file: SourceFile) -> Module:
    """The module of a `.py` file; ExtractError when it is not Python."""
    path = file.path
    tree = parse_python(file.text, path)
    return build_module(tree, path, lambda line: Place(path, line), file.folder.replace("/", "."))
