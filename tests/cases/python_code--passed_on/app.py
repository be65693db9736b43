"""What a caller, a mapping or a prepared call says reaches the loader with its revision and permissions."""

from functools import partial

import replicate
import wandb
from huggingface_hub import hf_hub_download
from transformers import AutoModel


def load(name, revision="v0.9"):
    return AutoModel.from_pretrained(name, revision=revision, trust_remote_code=True)


load("acme-labs/ships-7b", revision="0123456789abcdef0123456789abcdef01234567")
load("acme-labs/boats-7b")

OPTIONS = {"pretrained_model_name_or_path": "acme-labs/cranes-1b", "revision": "v1.0", "trust_remote_code": True}
AutoModel.from_pretrained(**OPTIONS)
AutoModel.from_pretrained("acme-labs/docks-1b", **dict(revision="v3.1"))

REGISTRY = [
    {"name": "acme-labs/pilots-1b", "commit": "v4"},
    {"name": "acme-labs/tugs-1b", "commit": "89abcdef0123456789abcdef0123456789abcdef"},
]
for row in REGISTRY:
    AutoModel.from_pretrained(row["name"], revision=row["commit"])

later = partial(AutoModel.from_pretrained, "acme-labs/anchors-1b", revision="v2.0")
fleet = list(map(AutoModel.from_pretrained, ["acme-labs/sails-1b", "acme-labs/oars-1b"]))

hf_hub_download(repo_id="acme-labs/manifests", filename="a.csv", repo_type="dataset")
wandb.init().use_artifact("acme/harbour/detector:v3")
replicate.run("acme/painter:39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b", input={})
