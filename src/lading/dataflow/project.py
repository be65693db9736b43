"""The Python modules of a scanned tree: found by their dotted names, parsed when asked, kept while they are likely asked again."""

from collections import OrderedDict

from lading.core.errors import ExtractError
from lading.core.source import SourceFile, Tree
from lading.dataflow.module import Module, build_module, parse_python
from lading.dataflow.values import Place

KEPT = 48
"""Parsed modules kept in memory at once."""


class Project:
    """The modules of a tree; get one by `tree.once(Project)`."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._modules: OrderedDict[str, Module | None] = OrderedDict()
        self._found: dict[tuple[str, str], str] = {}

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
        self._modules[path] = module
        if len(self._modules) > KEPT:
            self._modules.popitem(last=False)
        return module

    def remember(self, module: Module) -> None:
        """Keep a module that somebody else has built."""
        self._modules[module.path] = module
        if len(self._modules) > KEPT:
            self._modules.popitem(last=False)

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


def source_module(file: SourceFile) -> Module:
    """The module of a `.py` file; ExtractError when it is not Python."""
    path = file.path
    tree = parse_python(file.text, path)
    return build_module(tree, path, lambda line: Place(path, line), file.folder.replace("/", "."))
