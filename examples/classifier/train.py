"""Trains a classifier of nothing in particular; stands for a training script."""

import json
import pathlib

weights = [sum(ord(c) for c in word) % 97 / 97 for word in ("bill", "of", "lading")]
out = pathlib.Path("model")
out.mkdir(exist_ok=True)
(out / "weights.json").write_text(json.dumps(weights))
(out / "config.json").write_text(json.dumps({"labels": ["known", "unknown"]}))
