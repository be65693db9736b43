"""What the files of one Terraform folder say together: defaults of variables, locals, required providers; references filled in."""

from collections.abc import Iterator

from msgspec import Struct, field

from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile, Tree
from lading.syntax.hcl import Block, hcl_body
from lading.syntax.node import Node, walk

_ROUNDS = 4
_LONGEST = 2_000
_INDEX = pattern(r" ?\[ ?\"(\w+)\" ?\]")
_INTERPOLATED = pattern(r"\$\{\s*([\w.-]+)\s*\}")
_REFERENCE = pattern(r"\b(?:var|local)\.[\w.-]+")
_LITERAL = pattern(r"\"((?:[^\"\\]|\\.)*)\"")
EXPRESSION = "\0"
"""How the text of a value begins that is no plain string."""


class Module(Struct):
    """A folder of Terraform files: known values by `var.name` and `local.name.key`, local names of required providers."""

    values: dict[str, str] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)


def module_of(file: SourceFile) -> Module:
    """What the files beside this one say, and this one."""
    return file.tree.once(_modules).get(file.folder) or Module()


def _modules(tree: Tree) -> dict[str, Module]:
    found: dict[str, Module] = {}
    for path in tree.paths:
        if path.endswith((".tf", ".tofu", ".tfvars")) and (file := tree.file(path)):
            try:
                body = hcl_body(file)
            except ExtractError:  # said where the file itself is read
                continue
            _learn(found.setdefault(file.folder, Module()), body, given=path.endswith(".tfvars"))
    return found


def _learn(module: Module, body: Block, *, given: bool) -> None:
    if given:
        for name, node in body.attributes.items():
            module.values.update(_flat(f"var.{name}", node))
    for block in body.blocks:
        if block.type == "variable" and block.labels and (default := block.attributes.get("default")):
            for name, text in _flat(f"var.{block.labels[0]}", default):
                module.values.setdefault(name, text)
        elif block.type == "locals":
            for name, node in block.attributes.items():
                module.values.update(_flat(f"local.{name}", node))
        elif block.type == "terraform":
            module.required.update(local for required in block.all("required_providers") for local in required.attributes)


def _flat(name: str, root: Node) -> Iterator[tuple[str, str]]:
    """Plain values below a name, each with its path of keys."""
    for path, node in walk(root):
        if isinstance(node.value, str) and node.text and all(isinstance(p, str) for p in path):
            yield ".".join((name, *map(str, path))), node.text


def filled(text: str, module: Module) -> str:
    """A text with references to known values filled in; what remains an expression begins with NUL."""
    for _ in range(_ROUNDS):
        before = text
        if text.startswith(EXPRESSION):
            text = module.values.get(_INDEX.sub(r".\1", text[1:]).strip(), text)
        text = _INTERPOLATED.sub(lambda m: _plain(module.values.get(m[1]), m[0]), text)
        if text == before or len(text) > _LONGEST:
            break
    return text


def _plain(value: str | None, otherwise: str) -> str:
    return otherwise if value is None or value.startswith(EXPRESSION) else value


def alternatives(text: str, module: Module) -> list[str]:
    """The plain texts an expression can come to: its literals and the known values it refers to, as `a ? "x" : var.y` does."""
    if not text.startswith(EXPRESSION):
        return []
    text = _INDEX.sub(r".\1", text)
    known = [filled(EXPRESSION + name, module) for name in _REFERENCE.findall(text)]
    literals = [filled(literal, module) for literal in _LITERAL.findall(text)]
    return [t for t in dict.fromkeys((*literals, *known)) if t and not t.startswith(EXPRESSION) and "${" not in t]
