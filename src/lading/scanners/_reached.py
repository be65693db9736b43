"""Keys of configurations under which the path of a file stands that one library opens, and the tables that hold such paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lading.binary.window import Window
from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Nested, Part, Seen

_PROMPTS = frozenset(
    {"template_path", "prefix_path", "suffix_path", "example_prompt_path", "llm_chain_path", "prompt_path", "llm_path", "combine_documents_chain_path",
     "question_generator_chain_path", "requests_wrapper_path", "examples"}
)  # fmt: skip
"""Keys of LangChain: what such a file holds becomes a part of a prompt."""
_WHOSE = {
    ("filename", "state.json"): "datasets.load_from_disk",
    ("filename", "genai_config.json"): "ONNX Runtime GenAI",
    ("file_name", "metadata.jsonl"): "datasets",
    ("basename", "index.json"): "MosaicML Streaming",
    ("path", "manifest.json"): "Core ML",
}
"""Keys that mean a file in one document only."""
_MOST_REFERENCES = 100_000
_MOST_TOLD = 20
_PLAIN = pattern(r"(?:[^{]|\{(?![{%#])|\{\{\s*\w+\s*\}\})*")
"""A text in which names of templates stand, and nothing that is computed."""
_ANYWHERE = {"digest": "Ollama", "yarnPath": "yarn"}
_YARN = pattern(r"\.yarn/releases/yarn-[\w.-]+\.c?js")
KEYS = _PROMPTS | {key for key, _ in _WHOSE} | _ANYWHERE.keys() | {"file"}


def leads_out(path: str) -> bool:
    """Whether a path is absolute or climbs."""
    plain = path.replace("\\", "/")
    return plain.startswith(("/", "~")) or ".." in plain.split("/") or plain[1:3] == ":/"


def reached(part: Part, path: str, key: str, value: Any) -> Iterator[Seen]:  # noqa: ANN401 - anything stands in a configuration
    """Yield an objection where a file outside of the folder is opened."""
    if key == "yarnPath" and not _YARN.fullmatch(str(value)):
        yield part.sees("config-command", f"yarn is {str(value)[:120]}", effect="execute", loader="yarn")
    if not isinstance(value, str) or not leads_out(value):
        return
    whose = _WHOSE.get((key, part.base))
    if key in _PROMPTS:
        yield _escape(part, path, value, "langchain")
    elif whose and (key != "path" or path.startswith("itemInfoEntries.")):
        yield _escape(part, path, value, whose)
    elif key in _ANYWHERE:
        yield _escape(part, path, value, _ANYWHERE[key])
    elif key == "file" and path.endswith("pretrained_cfg.file"):
        yield _escape(part, path, value, "timm")
    elif key == "path" and part.suffix == ".dvc" and ".." in value:
        yield _escape(part, path, value, "dvc checkout")


def located(part: Part, path: str, value: dict[str, Any]) -> Iterator[Seen]:
    """Yield an objection to a tensor of an ONNX model that lies elsewhere."""
    place = value.get("value")
    if isinstance(place, str) and (leads_out(place) or "://" in place):
        message = f"{path} lies at {place[:200]}, outside of the folder of the model"
        yield part.sees("onnx-external", message, Grade.MALICIOUS, effect="read-file", loader="onnx.load")


def references(part: Part, value: dict[str, Any]) -> Iterator[Seen]:
    """The pieces of an array in other files, and the templates by which they are named, as Kerchunk writes them."""
    refs = value.get("refs")
    part.budget.spend(len(refs) if isinstance(refs, dict) else 0)
    if isinstance(refs, dict) and len(refs) > _MOST_REFERENCES:
        yield part.sees(
            "limit", f"of {len(refs)} pieces elsewhere {_MOST_REFERENCES} are looked at", Grade.UNSCANNABLE, effect="exhaustion"
        )
    places = [r[0] for r in list(refs.values())[:_MOST_REFERENCES] if isinstance(r, list) and r] if isinstance(refs, dict) else []
    texts = [*places, *_texts(value.get("gen")), *_texts(value.get("templates"))]
    for text in [t for t in texts if isinstance(t, str) and not _PLAIN.fullmatch(t)][:_MOST_TOLD]:
        yield Nested(Window(text.encode("utf-8", "replace")), "reference", "template")
    away = [p for p in places if isinstance(p, str) and (p.startswith(("file:", "local:")) or leads_out(p))]
    if away:
        yield part.sees("external-link", f"a piece lies at {away[0][:200]}", effect="read-file", loader="fsspec, Zarr, xarray")


def _texts(value: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    if isinstance(value, (dict, list)):
        for inner in list(value.values() if isinstance(value, dict) else value)[:_MOST_REFERENCES]:
            yield from _texts(inner) if isinstance(inner, (dict, list)) else (inner,)


def _escape(part: Part, path: str, value: str, loader: str) -> Seen:
    return part.sees("index-escape", f"{path} leads to {value[:200]}, outside of the folder", effect="read-file", loader=loader)
