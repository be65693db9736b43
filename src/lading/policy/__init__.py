"""Policy: what a user has decided, from `lading.toml` or `[tool.lading]` in pyproject.toml."""
