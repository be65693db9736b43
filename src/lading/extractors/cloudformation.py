"""CloudFormation, SAM and CDK templates: images, models of Bedrock and SageMaker, nested applications, layers, hosted AI services."""

from collections.abc import Iterator

from lading.catalog.announced import Announced
from lading.catalog.containers import environment, image_at
from lading.catalog.hosted import hosted_model
from lading.catalog.upstreams import located, service
from lading.core.component import Component, Occurrence
from lading.core.errors import ExtractError
from lading.core.kinds import Kind, Pin, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.cloudformation import is_template, parameters, text_of
from lading.syntax.json import json_document
from lading.syntax.node import Node, walk
from lading.syntax.yaml import yaml_documents

_SERVICES = {
    "AWS::Bedrock::": "aws-bedrock",
    "AWS::SageMaker::": "aws-sagemaker",
    "AWS::Kendra::": "aws-kendra",
    "AWS::OpenSearchServerless::": "aws-opensearch",
    "AWS::QBusiness::": "aws-q-business",
    "AWS::Lex::": "aws-lex",
}
_IMAGES = frozenset({"Image", "ImageUri", "ImageURI", "ContainerImage", "ImageIdentifier", "EcrImageUri"})
_MODELS = frozenset(
    {"ModelId", "FoundationModel", "ModelArn", "EmbeddingModelArn", "ModelIdentifier", "BaseModelIdentifier", "InferenceProfileIdentifier",
     "CopyFrom"}
)  # fmt: skip
_LAYER = pattern(r"arn:[\w-]+:lambda:[^:]*:(?P<owner>[0-9]+):layer:(?P<name>[\w-]+):(?P<version>[0-9]+)\Z")

LARGEST = 2 << 20
"""Twice what AWS takes."""


@extractor("*.yaml", "*.yml", "*.json", "*.template")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what the resources of a template run, call and contain."""
    for document in _documents(file):
        if is_template(document):
            known = parameters(document)
            for _, resource in document.items("Resources"):
                yield from _resource(file, resource, known)
            for name, given in document.items("Parameters"):
                if default := given.get("Default"):
                    yield from Announced(file, Node({name: default}, default.line), Scope.DEPLOY).observations()


def _documents(file: SourceFile) -> list[Node]:
    if file.size > LARGEST or b"AWS::" not in file.data:
        return []
    if file.name.endswith(".json"):
        return [json_document(file)]
    try:
        return yaml_documents(file)
    except ExtractError:
        if "{{" in file.text or "{%" in file.text:
            return []  # a template of templates
        raise


def _resource(file: SourceFile, resource: Node, known: dict[str, str]) -> Iterator[Observation]:
    type_ = resource.string("Type")
    built = resource.get("Metadata", "Dockerfile") is not None
    named = False
    for path, node in walk(resource.get("Properties") or Node(None, resource.line)):
        name = next((p for p in reversed(path) if isinstance(p, str)), "")
        if name.startswith(("Fn::", "Ref")):
            continue  # told where the function stands
        if name in _IMAGES and not built and _is_value(path, name):
            yield from _image(file, node, name, known)
        elif name == "Environment":
            yield from _variables(file, node, known)
        elif model := _model(node, name, known):
            named = True
            yield service(*model, Occurrence(file.path, node.line, f"{type_}.{name}", model[1], scope=Scope.DEPLOY))
        else:
            yield from _fetched(file, node, name, known)
    provider = next((p for prefix, p in _SERVICES.items() if type_.startswith(prefix)), "")
    if provider and not named and (place := resource.get("Type")):
        yield service(provider, "", Occurrence(file.path, place.line, "Type", type_, scope=Scope.DEPLOY))
    if type_ == "AWS::Serverless::Application":
        yield from _application(file, resource)


def _is_value(path: tuple[str | int, ...], name: str) -> bool:
    """Whether a place is the value under a name itself and no argument of a function below it."""
    return bool(path) and path[-1] == name


def _image(file: SourceFile, node: Node, name: str, known: dict[str, str]) -> Iterator[Observation]:
    text = text_of(node, known)
    if text.startswith("aws/codebuild/"):
        text = f"public.ecr.aws/codebuild/{text.removeprefix('aws/codebuild/').replace('/', '-')}"
    if ("/" in text or ":" in text or "$" in text) and not text.startswith(("ami-", "/", "resolve:")):
        yield from image_at(file, node, name, text.replace("${AWS.", "${AWS::"), inferred=text != node.text)


def _variables(file: SourceFile, node: Node, known: dict[str, str]) -> Iterator[Observation]:
    """Environment variables as `Variables:`, as a mapping, or as `Name` and `Value` side by side."""
    given = node.get("Variables") or node
    pairs = [(name, value) for name, value in given.items() if isinstance(value.value, (str, dict, list))]
    pairs += [(e.string("Name"), value) for e in node.elements() if (value := e.get("Value"))]
    mapping = {name: Node(text, value.line, text) for name, value in pairs if (text := text_of(value, known))}
    yield from environment(file, Node(dict(mapping), node.line), {})


def _model(node: Node, name: str, known: dict[str, str]) -> tuple[str, str] | None:
    """Provider and id of a hosted model: under a key that names one, or by its ARN anywhere."""
    text = text_of(node, known) if isinstance(node.value, str) or len(node.items()) == 1 else ""
    if "${" in text.rpartition("/")[2] or (name not in _MODELS and not text.startswith("arn:")):
        return None
    return hosted_model(text)


def _fetched(file: SourceFile, node: Node, name: str, known: dict[str, str]) -> Iterator[Observation]:
    text = text_of(node, known) if isinstance(node.value, (str, dict)) else ""
    at = Occurrence(file.path, node.line, name, text, scope=Scope.DEPLOY)
    if match := _LAYER.match(text):
        yield Component(
            kind=Kind.INFRASTRUCTURE, name=f"{match['owner']}/{match['name']}", upstream="aws-lambda-layer", version=match["version"],
            pin=Pin.MUTABLE, occurrences=(at,), supplier=match["owner"],
        )  # fmt: skip
    elif name in {"ModelDataUrl", "S3Uri"} and text.startswith("s3://") and "${" not in text:
        yield located(Kind.MODEL, text, at)
    elif name == "TemplateURL" and text.startswith("https://") and "${" not in text:
        yield located(Kind.INFRASTRUCTURE, text, at)


def _application(file: SourceFile, resource: Node) -> Iterator[Component]:
    """A nested application of the Serverless Application Repository."""
    name = resource.get("Properties", "Location", "ApplicationId")
    if name is not None and name.text.startswith("arn:"):
        version = resource.string("Properties", "Location", "SemanticVersion")
        at = Occurrence(file.path, name.line, "Location.ApplicationId", name.text, scope=Scope.DEPLOY)
        yield Component(
            kind=Kind.INFRASTRUCTURE, name=name.text.rpartition("/")[2], upstream="aws-serverless-application", version=version,
            pin=Pin.MUTABLE if version else Pin.NONE, occurrences=(at,), supplier=name.text.split(":")[4] if name.text.count(":") > 4 else "",  # noqa: PLR2004
        )  # fmt: skip
