"""Terraform and OpenTofu: providers (with the lock file's hashes), modules, charts, images and hosted AI services."""

import re
from collections.abc import Iterator

from lading.catalog.announced import Announced
from lading.catalog.commands import chart
from lading.catalog.containers import embedded, environment, image_at, joined_settings
from lading.catalog.terraform import EXPRESSION, Module, alternatives, filled, module_of
from lading.catalog.upstreams import located, repository, service
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.digest import Digest
from lading.core.kinds import Confidence, Kind, Pin, Scope
from lading.core.pattern import pattern
from lading.core.purl import purl
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.hcl import Block, as_node, hcl_body
from lading.syntax.node import Node, walk

_SERVICES = {
    "aws_bedrock": "aws-bedrock",
    "aws_bedrockagent": "aws-bedrock",
    "aws_sagemaker": "aws-sagemaker",
    "awscc_bedrock": "aws-bedrock",
    "awscc_kendra": "aws-kendra",
    "awscc_opensearchserverless": "aws-opensearch",
    "awscc_sagemaker": "aws-sagemaker",
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


@extractor("*.tf", "*.tofu", "*.tfvars", ".terraform.lock.hcl")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what a Terraform file requires, uses and deploys."""
    body = hcl_body(file)
    if file.name == ".terraform.lock.hcl":
        yield from _locked(file, body)
        return
    module = module_of(file)
    if file.name.endswith(".tfvars"):
        for name, node in body.attributes.items():
            yield from _given(file, name, node, module)
        return
    locked = _lock(file)
    yield from _implied(file, body, locked, module)
    for block in body.blocks:
        yield from _block(file, block, module, locked)
        yield from _models(file, block)


def _block(file: SourceFile, block: Block, module: Module, locked: dict[str, str]) -> Iterator[Observation]:
    match block.type:
        case "terraform":
            yield from _required(file, block, locked)
        case "module":
            yield from _module(file, block)
            yield from (o for o in Announced(file, as_node(block), Scope.DEPLOY).observations() if not _is_arn(o))
            yield from _images(file, block, module)
        case "resource" | "data":
            yield from _resource(file, block, module)
        case "variable" if block.labels and "default" in block.attributes:
            yield from _given(file, block.labels[0], block.attributes["default"], module)
        case "locals":
            yield from Announced(file, as_node(block), Scope.DEPLOY).observations()
            yield from _images(file, block, module)
        case _:
            pass


def _required(file: SourceFile, block: Block, locked: dict[str, str]) -> Iterator[Component]:
    for required in block.all("required_providers"):
        for local, node in required.attributes.items():
            version = node.string("version") if isinstance(node.value, dict) else node.text
            source = node.get("source") or Node(f"hashicorp/{local}", node.line, f"hashicorp/{local}")
            name = source.text.removeprefix("registry.terraform.io/")
            yield _provider(
                name,
                version,
                Occurrence(file.path, source.line, "required_providers", source.text, scope=Scope.DEPLOY),
                held=name in locked,
            )


def _implied(file: SourceFile, body: Block, locked: dict[str, str], module: Module) -> Iterator[Component]:
    """Providers that are used without being required: Terraform then takes them from the hashicorp namespace."""
    seen = module.required | {"terraform"}
    for block in body.blocks:
        if not block.labels or block.type not in {"provider", "resource", "data"}:
            continue
        chosen = block.attributes.get("provider") if block.type != "provider" else None
        if chosen is not None:
            local = chosen.text.lstrip(EXPRESSION).partition(".")[0].strip()
        else:
            local = block.labels[0] if block.type == "provider" else block.labels[0].partition("_")[0]
        if local in seen or not _LOCAL_NAME.fullmatch(local):
            continue
        seen = seen | {local}
        name, version = f"hashicorp/{local}", block.string("version") if block.type == "provider" else ""
        line = chosen.line if chosen is not None else block.line
        at = Occurrence(file.path, line, block.type, block.labels[0], Confidence.INFERRED, Scope.DEPLOY)
        yield _provider(name, locked.get(name, version), at, held=name in locked)


_LOCAL_NAME = pattern(r"[a-z][a-z0-9-]*")


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


_GIT_SOURCE = pattern(
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


def _given(file: SourceFile, name: str, default: Node, module: Module) -> Iterator[Observation]:
    """What a variable is given, by default or in a `.tfvars` file, when its name announces an artifact."""
    for path, node in walk(default):
        if isinstance(node.value, str) and _IMAGE.search(".".join((name, *map(str, path)))):
            yield from _image(file, node, f"variable.{name}", module)
    if EXPRESSION not in default.text and not _IMAGE.search(name):
        yield from Announced(file, Node({name: default}, default.line), Scope.DEPLOY).observations()
    yield from _arns(file, default, f"variable.{name}")


def _resource(file: SourceFile, block: Block, module: Module) -> Iterator[Observation]:
    type_ = block.labels[0] if block.labels else ""
    if type_ == "helm_release":
        yield from _release(file, block, module)
    provider = next((p for prefix, p in _SERVICES.items() if type_.startswith(prefix)), "")
    if provider:
        yield from _hosted(file, block, type_, provider, module)
    elif block.type == "resource":
        yield from Announced(file, as_node(block), Scope.DEPLOY).observations()
    if type_ == "docker_image" and (name := block.attributes.get("name")) and not block.all("build"):
        yield from _image(file, name, "docker_image.name", module)
    if not _MACHINES.match(type_):
        yield from _images(file, block, module)
    for path, node in walk(_everything(block)):
        if isinstance(node.value, str) and "\n" in node.text and not node.text.startswith(EXPRESSION):
            yield from embedded(file, node)
        elif path and re.fullmatch(r"env\d*", str(path[-1])) and node.get("value"):
            yield from environment(file, Node([node], node.line), {})


def _release(file: SourceFile, block: Block, module: Module) -> Iterator[Observation]:
    node = block.attributes.get("chart")
    if node is None:
        return
    name, version, location = (
        filled(given.text, module) if (given := block.attributes.get(key)) else "" for key in ("chart", "version", "repository")
    )
    confidence = Confidence.INFERRED if name != node.text else Confidence.DECLARED
    at = Occurrence(file.path, node.line, "helm_release.chart", name.lstrip(EXPRESSION), confidence, Scope.DEPLOY)
    if EXPRESSION in name or "${" in name:
        yield Unresolved(Kind.INFRASTRUCTURE, name.lstrip(EXPRESSION), at, "an expression")
    elif not name.startswith((".", "/")):
        yield chart(name, at, version=_known(version), repository_url=_known(location))
    yield from joined_settings(file, _settings(block, module))


def _known(text: str) -> str:
    return "" if EXPRESSION in text or "${" in text else text


def _settings(block: Block, module: Module) -> list[tuple[str, str, int]]:
    """Names and values that a release sets, in blocks or as a list, with the line of the value."""
    blocks = [Node(dict(inner.attributes), inner.line) for inner in block.all("set")]
    listed = block.attributes.get("set")
    entries = [*blocks, *(listed.elements() if listed else [])]
    return [
        (entry.string("name"), filled(value.text, module), value.line)
        for entry in entries
        if (value := entry.get("value")) and isinstance(value.value, str)
    ]


def _hosted(file: SourceFile, block: Block, type_: str, provider: str, module: Module) -> Iterator[Observation]:
    """A hosted AI service, with the models that its configuration names."""
    named = False
    for path, node in walk(_everything(block)):
        name = str(path[-1]) if path else ""
        if name in _MODEL_KEYS or path[-2:] == ("model", "name"):
            text = filled(node.text, module)
            model = text.rpartition("/")[2] if text.startswith("arn:") else text
            if model and EXPRESSION not in model and "${" not in model:
                named = True
                yield service(provider, model, Occurrence(file.path, node.line, f"{type_}.{name}", node.text, scope=Scope.DEPLOY))
        elif name == "environment":
            yield from environment(file, node, {})
        elif name == "model_data_url" and node.text.startswith("s3://") and "${" not in node.text:
            yield located(Kind.MODEL, node.text, Occurrence(file.path, node.line, name, node.text, scope=Scope.DEPLOY))
    if not named and block.type == "resource":
        yield service(provider, "", Occurrence(file.path, block.line, type_, type_, scope=Scope.DEPLOY))


_MODEL_KEYS = frozenset(
    {"model_id", "model_name", "foundation_model", "foundation_model_identifier", "base_model_identifier", "embedding_model_arn", "model_arn",
     "model_identifier"}
)  # fmt: skip
_ARN = pattern(r"arn:[^:]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)/(?P<model>[a-z0-9]+\.[\w.:-]*\w)\Z")


def _models(file: SourceFile, block: Block) -> Iterator[Component]:
    """Models by their ARN anywhere in a block: what a policy allows, what a module is given."""
    if block.type == "variable":
        return
    for name, node in _everything(block).items():
        yield from _arns(file, node, name)


def _arns(file: SourceFile, root: Node, symbol: str) -> Iterator[Component]:
    for path, node in walk(root):
        if isinstance(node.value, str) and (match := _ARN.match(node.text.strip())) and (not path or path[-1] not in _MODEL_KEYS):
            key = next((p for p in reversed(path) if isinstance(p, str)), symbol)
            at = Occurrence(file.path, node.line, key, node.text, scope=Scope.DEPLOY)
            yield service("aws-bedrock", match["model"], at)


def _is_arn(observation: Observation) -> bool:
    """Whether a place seems unresolved only because its ARN leaves the region open."""
    return isinstance(observation, Unresolved) and bool(_ARN.match(observation.expression))


def _everything(block: Block) -> Node:
    value: dict[str, Node] = dict(block.attributes)
    for number, inner in enumerate(block.blocks):
        value[inner.type if inner.type not in value else f"{inner.type}{number}"] = _everything(inner)
    return Node(value, block.line)


_IMAGE = pattern(r"(?:^|[_.])(?:(?:container_|docker_)?images?|image_ur[il]|image_name|image_tag|image_ref(?:erence)?)(?:$|\.)")
"""A name, or a path of names, under which images of containers are held."""
_MACHINES = pattern(
    r"google_(?:compute|workbench|notebooks|tpu)_|aws_(?:instance|launch|ami|imagebuilder|spot)|azurerm_(?:linux|windows|virtual|image|shared_image)"
    r"|digitalocean_|hcloud_|linode_|openstack_|libvirt_|vsphere_|proxmox_|oci_core|exoscale_|scaleway_instance|vultr_|nebius_compute|lambdalabs_"
)
"""Resources of which the image is that of a machine."""


def _images(file: SourceFile, block: Block, module: Module) -> Iterator[Observation]:
    for path, node in walk(_everything(block)):
        if (
            isinstance(node.value, str)
            and path
            and _IMAGE.search(".".join(map(str, path)))
            and path[-1] not in {"tag", "version", "digest"}
        ):
            yield from _image(file, node, str(path[-1]), module)


def _image(file: SourceFile, node: Node, symbol: str, module: Module) -> Iterator[Observation]:
    """An image as written, as references tell it, or as one of the literals of an expression."""
    text = filled(node.text, module)
    if text.startswith(EXPRESSION):
        found = [t for t in alternatives(text, module) if "/" in t and not t.startswith(("/", ".", "http"))]
        for alternative in found:
            yield from image_at(file, node, symbol, alternative, inferred=True)
        if not found and "/" not in text and "." in text:
            at = Occurrence(file.path, node.line, symbol, text.lstrip(EXPRESSION), Confidence.UNRESOLVED, Scope.DEPLOY)
            yield Unresolved(Kind.IMAGE, text.lstrip(EXPRESSION), at, "an expression")
    elif "${" in text:
        at = Occurrence(file.path, node.line, symbol, text, Confidence.UNRESOLVED, Scope.DEPLOY)
        yield Unresolved(Kind.IMAGE, text, at, "an expression")
    elif "/" in text or (":" in text and "tag" not in symbol):
        yield from image_at(file, node, symbol, text, inferred=text != node.text)
