"""Orders passages; the one model that is pinned to a commit."""

from sentence_transformers import CrossEncoder

RERANKER = "cross-encoder/ms-marco-MiniLM-L6-v2"
COMMIT = "ce0834f22110de6d9222af7a7a03628121708969"

reranker = CrossEncoder(RERANKER, revision=COMMIT)
