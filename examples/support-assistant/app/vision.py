"""Reads screenshots that customers attach."""

import sys

from transformers import AutoModel

captioner = AutoModel.from_pretrained("vikhyatk/moondream2", trust_remote_code=True)
custom = AutoModel.from_pretrained(sys.argv[1])
