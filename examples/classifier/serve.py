"""Answers with a classifier; stands for a service. It knows nothing of signatures."""

import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
weights, labels = (json.loads((folder / name).read_text()) for name in ("weights.json", "config.json"))
print(labels["labels"][sum(weights) > 1])
