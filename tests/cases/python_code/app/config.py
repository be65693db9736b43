import os
from dataclasses import dataclass, field

MODEL = "Qwen/Qwen3-8B"
EMBEDDINGS = {"small": "BAAI/bge-small-en-v1.5", "large": "BAAI/bge-large-en-v1.5"}


@dataclass
class Config:
    reranker: str = "BAAI/bge-reranker-v2-m3"
    dataset: str = field(default="stanfordnlp/imdb")
    note: str = "docs/readme"  # a path, no artifact


def load(name: str, revision: str = "main"):
    from transformers import AutoModel

    return AutoModel.from_pretrained(name, revision=revision)
