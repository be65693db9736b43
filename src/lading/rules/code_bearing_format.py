"""Weights in formats that carry code."""

from collections.abc import Iterator

from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.finding import Finding, Rule
from lading.core.kinds import Flag, Severity
from lading.rules._registry import objection, rule

RULE = Rule(
    id="code-bearing-format",
    title="Weights are stored in a format that can carry code",
    severity=Severity.HIGH,
    why=(
        "Pickle, and what is built on it (PyTorch .bin, .pt, .ckpt, joblib), runs instructions when it is loaded; "
        "Keras Lambda layers and TorchScript hold code too. Who writes the file decides what runs."
    ),
    fix="Convert the weights to safetensors (or GGUF, ONNX without custom operators) and load those; until then load with weights_only=True.",
    references=("https://cwe.mitre.org/data/definitions/502.html", "https://huggingface.co/docs/safetensors"),
)

_UNSAFE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".keras", ".model", ".npy", ".npz")


@rule(RULE)
def check(bom: Bom) -> Iterator[Finding]:
    """Yield a finding for every component on disk in a code-bearing format; where a safe file lies beside it, say so."""
    for component in bom.components:
        if Flag.CODE_BEARING in component.flags:
            names = ", ".join(_unsafe(component)) or component.name
            safe = next((f.path for f in component.files if f.path.endswith((".safetensors", ".gguf"))), "")
            hint = f"{safe} holds the same model without code: load it and delete the other" if safe else ""
            yield objection(RULE, component, f"{names} can run code when it is loaded", hint)


def _unsafe(component: Component) -> list[str]:
    return [f.path for f in component.files if f.path.lower().endswith(_UNSAFE)]
