"""Values of CloudFormation templates with their functions carried out as far as the template itself tells."""

from lading.core.pattern import pattern
from lading.syntax.node import Node

_REFERENCE = pattern(r"\$\{(!?)([\w:.]+)\}")
_DEEPEST = 8


def parameters(document: Node) -> dict[str, str]:
    """The defaults of a template's parameters by name; empty for those without one."""
    return {name: given.string("Default") for name, given in document.items("Parameters")}


def text_of(node: Node, known: dict[str, str], depth: int = 0) -> str:
    """A value as text: `Ref`, `Fn::Sub` and `Fn::Join` in JSON or as tags of YAML; what only a deployment tells stays `${Name}`."""
    if depth > _DEEPEST or node.value is None:
        return ""
    if isinstance(node.value, dict):
        return _function(node, known, depth)
    if isinstance(node.value, list):
        return _of_list(node.value, known, depth)
    text = node.text or str(node.value)
    if text in known:
        return known[text] or f"${{{text}}}"
    return _REFERENCE.sub(lambda m: known.get(m[2]) or m[0].replace("::", "."), text)


def _function(node: Node, known: dict[str, str], depth: int) -> str:
    if len(node.items()) != 1:
        return ""
    (name, argument), *_ = node.items()
    match name:
        case "Ref":
            return known.get(argument.text) or f"${{{argument.text.replace('::', '.')}}}"
        case "Fn::Sub" | "Fn::Join":
            return text_of(argument, known, depth + 1)
        case "Fn::GetAtt" | "Fn::ImportValue" | "Fn::FindInMap":
            return "${" + ".".join(e.text for e in argument.elements() if isinstance(e.value, str)) + "}"
        case _:
            return ""


def _of_list(value: list[Node], known: dict[str, str], depth: int) -> str:
    """`[separator, [parts]]` of a join, `[text, {variables}]` of a substitution."""
    if len(value) != 2 or not isinstance(value[0].value, str):  # noqa: PLR2004 - two arguments
        return ""
    if isinstance(value[1].value, list):
        return value[0].text.join(text_of(part, known, depth + 1) for part in value[1].value)
    if isinstance(value[1].value, dict):
        inner = {name: text_of(given, known, depth + 1) for name, given in value[1].items()}
        return text_of(value[0], known | {k: v for k, v in inner.items() if v}, depth + 1)
    return ""


def is_template(document: Node) -> bool:
    """Whether a document is a template: resources with types of AWS."""
    return any(resource.string("Type").startswith(("AWS::", "Custom::")) for _, resource in document.items("Resources"))
