"""Finds the passages that answer a question."""

from pinecone import Pinecone
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer

from app.settings import EMBEDDING_MODEL, Settings

encoder = SentenceTransformer(EMBEDDING_MODEL)
tokenizer = AutoTokenizer.from_pretrained(Settings().tokenizer)
index = Pinecone().Index("support")


def passages(question: str) -> list[str]:
    return [m.metadata["text"] for m in index.query(vector=encoder.encode(question).tolist(), top_k=5).matches]
