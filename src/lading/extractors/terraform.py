"""Terraform and OpenTofu: providers (with the lock file's hashes), modules, charts, images and hosted AI services."""

import re
from collections.abc import Iterator

from lading.catalog.announced import Announced
from lading.catalog.commands import chart
from lading.catalog.containers import image_at
from lading.catalog.upstreams import repository, service
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.digest import Digest
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Kind, Pin, Scope
from lading.core.purl import purl
from lading.core.source import SourceFile, Tree
from lading.extractors._registry import Observation, extractor
from lading.syntax.hcl import Block, as_node, hcl_body
from lading.syntax.node import Node, walk

_SERVICES = {
    "aws_bedrock": "aws-bedrock",
    "aws_bedrockagent": "aws-bedrock",
    "aws_sagemaker": "aws-sagemaker",
    "awscc_bedrock": "aws-bedrock",
    "aws_kendra": "aws-kendra",
    "aws_opensearchserverless": "aws-opensearch",
    "azurerm_cognitive": "azure-openai",
    "azurerm_ai_services": "azure-ai",
    "azurerm_search_service": "azure-search",
    "azurerm_machine_learning": "azure-machine-learning",
    "azurerm_openai": "azure-openai",
    "google_vertex_ai": "google-vertex",
    "google_discovery_engine": "google-discovery-engine",
    "google_dialogflow": "google-dialogflow",
    "google_document_ai": "google-document-ai",
    "google_ml_engine": "google-vertex",
    "google_notebooks": "google-vertex",
    "pinecone_": "pinecone",
    "openai_": "openai",
    "mongodbatlas_search": "mongodb-atlas",
    "qdrant-cloud": "qdrant",
    "databricks_model_serving": "databricks",
    "snowflake_cortex": "snowflake",
}


@extractor("*.tf", "*.tofu", ".terraform.lock.hcl")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what a Terraform file requires, uses and deploys."""
    body = hcl_body(file)
    if file.name == ".terraform.lock.hcl":
        yield from _locked(file, body)
        return
    variables = _variables(file, body)
    locked = _lock(file)
    yield from _implied(file, body, locked)
    for block in body.blocks:
        match block.type:
            case "terraform":
                yield from _required(file, block, locked)
            case "module":
                yield from _module(file, block)
            case "resource" | "data":
                yield from _resource(file, block, variables)
            case "variable" if block.labels:
                yield from _variable(file, block)
            case "locals":
                yield from Announced(file, as_node(block), Scope.DEPLOY).observations()
                yield from _images(file, block, variables)
            case _:
                pass


def _required(file: SourceFile, block: Block, locked: dict[str, str]) -> Iterator[Component]:
    for required in block.all("required_providers"):
        for node in required.attributes.values():
            source, version = node.get("source"), node.string("version")
            if source is None:
                continue
            name = source.text.removeprefix("registry.terraform.io/")
            yield _provider(
                name,
                version,
                Occurrence(file.path, source.line, "required_providers", source.text, scope=Scope.DEPLOY),
                held=name in locked,
            )


def _implied(file: SourceFile, body: Block, locked: dict[str, str]) -> Iterator[Component]:
    """Providers that are used without being required: Terraform then takes them from the hashicorp namespace."""
    required = {
        local
        for beside in _folder(file)
        for block in beside.all("terraform")
        for r in block.all("required_providers")
        for local in r.attributes
    }
    seen: set[str] = set()
    for block in body.blocks:
        if not block.labels or block.type not in {"provider", "resource", "data"}:
            continue
        local = block.labels[0] if block.type == "provider" else block.labels[0].partition("_")[0]
        aliased = block.type != "provider" and "provider" in block.attributes
        if local in required | seen | {"terraform"} or aliased:
            continue
        seen.add(local)
        name, version = f"hashicorp/{local}", block.string("version") if block.type == "provider" else ""
        at = Occurrence(file.path, block.line, block.type, block.labels[0], Confidence.INFERRED, Scope.DEPLOY)
        yield _provider(name, locked.get(name, version), at, held=name in locked)


def _folder(file: SourceFile) -> Iterator[Block]:
    """The bodies of the Terraform files of the folder that can be read."""
    prefix = f"{file.folder}/" if file.folder else ""
    for path in file.tree.once(_terraform_paths):
        if path.startswith(prefix) and "/" not in path[len(prefix) :] and (beside := file.tree.file(path)):
            try:
                yield hcl_body(beside)
            except ExtractError:
                continue


def _terraform_paths(tree: Tree) -> list[str]:
    return [p for p in tree.paths if p.endswith((".tf", ".tofu"))]


def _provider(name: str, version: str, at: Occurrence, *, held: bool, digests: tuple[Digest, ...] = ()) -> Component:
    namespace, _, short = name.rpartition("/")
    exact = bool(version) and version[0].isdigit()
    return Component(
        kind=Kind.INFRASTRUCTURE,
        name=name,
        upstream="terraform",
        version=version,
        pin=Pin.EXACT if held else Pin.MUTABLE if version else Pin.NONE,
        purl=purl("terraform", short, namespace=namespace, version=version if exact else ""),
        digests=digests,
        occurrences=(at,),
        supplier=namespace,
    )


def _lock(file: SourceFile) -> dict[str, str]:
    """The provider versions that the lock file beside it holds with hashes."""
    lock = file.sibling(".terraform.lock.hcl")
    return {_source(b): b.string("version") for b in hcl_body(lock).all("provider") if b.attributes.get("hashes")} if lock else {}


def _source(block: Block) -> str:
    return block.labels[0].partition("/")[2] if block.labels else ""


def _locked(file: SourceFile, body: Block) -> Iterator[Component]:
    for block in body.all("provider"):
        hashes = block.attributes.get("hashes")
        rows = [h.text for h in hashes.value] if hashes and isinstance(hashes.value, list) else []
        digests = tuple(Digest("sha256", h.removeprefix("zh:")) for h in rows if re.fullmatch(r"zh:[0-9a-f]{64}", h))
        at = Occurrence(file.path, block.line, "provider", block.labels[0] if block.labels else "", scope=Scope.DEPLOY)
        yield _provider(_source(block), block.string("version"), at, held=bool(rows), digests=digests)


_GIT_SOURCE = re.compile(
    r"(?:git::)?(?:https?://|ssh://git@|git@)?github\.com[/:](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?(?://[^?]*)?(?:\?(?:.*&)?ref=(?P<ref>[^&]+).*)?\Z"
)


def _module(file: SourceFile, block: Block) -> Iterator[Observation]:
    node = block.attributes.get("source")
    if node is None or not isinstance(node.value, str):
        return
    at = Occurrence(file.path, node.line, f"module.{block.labels[0] if block.labels else ''}.source", node.text, scope=Scope.DEPLOY)
    if node.text.startswith(("./", "../", "/")):
        return
    if "\0" in node.text or "${" in node.text:
        yield Unresolved(Kind.INFRASTRUCTURE, node.text.lstrip("\0"), at, "an expression")
    elif match := _GIT_SOURCE.match(node.text):
        yield repository(Kind.INFRASTRUCTURE, match["name"], at, revision=match["ref"] or "")
    elif "::" in node.text or "://" in node.text:
        yield Component(kind=Kind.INFRASTRUCTURE, name=node.text, upstream="terraform", occurrences=(at,), url=node.text)
    else:
        version = block.string("version")
        name = node.text.partition("//")[0].removeprefix("registry.terraform.io/")
        namespace, _, short = name.rpartition("/")
        exact = version if version and version[0].isdigit() else ""
        yield Component(
            kind=Kind.INFRASTRUCTURE, name=name, upstream="terraform-module", version=version, pin=Pin.MUTABLE if version else Pin.NONE,
            purl=purl("terraform", short, namespace=namespace, version=exact), occurrences=(at,), supplier=name.partition("/")[0],
        )  # fmt: skip


def _variables(file: SourceFile, body: Block) -> dict[str, str]:
    """Defaults of variables and plain locals, here and in the files beside it."""
    found: dict[str, str] = {}
    for name in ("variables.tf", "locals.tf"):
        beside = file.sibling(name) if file.name != name else None
        for block in hcl_body(beside).blocks if beside else ():
            found.update(_defaults(block))
    for block in body.blocks:
        found.update(_defaults(block))
    return found


def _defaults(block: Block) -> dict[str, str]:
    if block.type == "variable" and block.labels and block.string("default"):
        return {f"var.{block.labels[0]}": block.string("default")}
    if block.type == "locals":
        return {f"local.{k}": v.text for k, v in block.attributes.items() if isinstance(v.value, str) and "\0" not in v.text}
    return {}


def _filled(text: str, variables: dict[str, str]) -> str:
    text = variables.get(text.lstrip("\0").strip(), text)
    return re.sub(r"\$\{\s*([\w.]+)\s*\}", lambda m: variables.get(m[1], m[0]), text)


def _variable(file: SourceFile, block: Block) -> Iterator[Observation]:
    """A variable whose name announces an artifact, with its default."""
    default = block.attributes.get("default")
    if default is None or "\0" in default.text:
        return
    name = block.labels[0]
    if name.endswith(("image", "image_uri")):
        yield from image_at(file, default, f"variable.{name}") if "/" in default.text else ()
    else:
        yield from Announced(file, Node({name: default}, default.line), Scope.DEPLOY).observations()


def _resource(file: SourceFile, block: Block, variables: dict[str, str]) -> Iterator[Observation]:
    type_ = block.labels[0] if block.labels else ""
    if type_ == "helm_release":
        yield from _release(file, block, variables)
    provider = next((p for prefix, p in _SERVICES.items() if type_.startswith(prefix)), "")
    if provider:
        yield from _hosted(file, block, type_, provider, variables)
    elif block.type == "resource":
        yield from Announced(file, as_node(block), Scope.DEPLOY).observations()
    yield from _images(file, block, variables)


def _release(file: SourceFile, block: Block, variables: dict[str, str]) -> Iterator[Observation]:
    node = block.attributes.get("chart")
    if node is None:
        return
    name, version = (
        _filled(node.text, variables),
        _filled(block.attributes["version"].text, variables) if "version" in block.attributes else "",
    )
    location = _filled(block.attributes["repository"].text, variables) if "repository" in block.attributes else ""
    at = Occurrence(
        file.path, node.line, "helm_release.chart", name, Confidence.INFERRED if name != node.text else Confidence.DECLARED, Scope.DEPLOY
    )
    if "\0" in name or "${" in name:
        yield Unresolved(Kind.INFRASTRUCTURE, name.lstrip("\0"), at, "an expression")
    elif not name.startswith((".", "/")):
        yield chart(name, at, version="" if "\0" in version else version, repository_url="" if "\0" in location else location)


def _hosted(file: SourceFile, block: Block, type_: str, provider: str, variables: dict[str, str]) -> Iterator[Observation]:
    """A hosted AI service, with the models that its configuration names."""
    named = False
    for path, node in walk(_everything(block)):
        name = str(path[-1]) if path else ""
        if name in {
            "model_id",
            "model_name",
            "foundation_model",
            "foundation_model_identifier",
            "base_model_identifier",
            "embedding_model_arn",
            "model_arn",
            "model_identifier",
        } or path[-2:] == ("model", "name"):
            text = _filled(node.text, variables)
            model = text.rpartition("/")[2] if text.startswith("arn:") else text
            if model and "\0" not in model and "${" not in model:
                named = True
                yield service(provider, model, Occurrence(file.path, node.line, f"{type_}.{name}", node.text, scope=Scope.DEPLOY))
    if not named and block.type == "resource":
        yield service(provider, "", Occurrence(file.path, block.line, type_, type_, scope=Scope.DEPLOY))


def _everything(block: Block) -> Node:
    value: dict[str, Node] = dict(block.attributes)
    for number, inner in enumerate(block.blocks):
        value[inner.type if inner.type not in value else f"{inner.type}{number}"] = _everything(inner)
    return Node(value, block.line)


def _images(file: SourceFile, block: Block, variables: dict[str, str]) -> Iterator[Observation]:
    for path, node in walk(_everything(block)):
        name = str(path[-1]) if path else ""
        if name in {"image", "container_image", "image_uri", "docker_image", "image_name"} and isinstance(node.value, str):
            text = _filled(node.text, variables)
            if text.startswith("\0") or "${" in text:
                at = Occurrence(file.path, node.line, name, text.lstrip("\0"), Confidence.UNRESOLVED, Scope.DEPLOY)
                yield Unresolved(Kind.IMAGE, text.lstrip("\0"), at, "an expression")
            elif "/" in text or ":" in text:
                yield from image_at(file, node, name, text, inferred=text != node.text)
