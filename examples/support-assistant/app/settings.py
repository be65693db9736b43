"""What the assistant is configured with."""

import os
from dataclasses import dataclass, field

EMBEDDING_MODEL = os.getenv("EMBEDDING_MODEL", "BAAI/bge-small-en-v1.5")


@dataclass
class Settings:
    chat_model: str = field(default="gpt-4o-mini")
    fallback_model: str = "claude-3-5-haiku-latest"
    tokenizer: str = "mistralai/Mistral-7B-Instruct-v0.3"
