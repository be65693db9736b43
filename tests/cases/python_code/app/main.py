"""Loads `not/an-artifact`, says a docstring."""

import argparse
import sys

import timm
import torch
from datasets import load_dataset
from openai import OpenAI
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

from app.config import EMBEDDINGS, MODEL, Config, load

COMMIT = "0123456789abcdef0123456789abcdef01234567"

tokenizer = AutoTokenizer.from_pretrained(MODEL)
model = AutoModelForCausalLM.from_pretrained(MODEL, revision=COMMIT, trust_remote_code=True)
encoders = [SentenceTransformer(name) for name in EMBEDDINGS.values()]
load("google-bert/bert-base-uncased")
config = Config()
data = load_dataset(config.dataset, split="train")
local = load_dataset("csv", data_files="https://data.acme.dev/rows.csv")
vision = torch.hub.load("pytorch/vision:v0.20.0", "resnet18")
backbone = timm.create_model("convnext_tiny.fb_in22k", pretrained=True)
untrained = timm.create_model("resnet50")
size = "7b" if len(sys.argv) > 1 else "13b"
chat = pipeline("text-generation", model=f"meta-llama/Llama-2-{size}-hf")
client = OpenAI()
reply = client.chat.completions.create(model="gpt-4o-2024-08-06", messages=[])
tokens = tokenizer("some/text to tokenize")

parser = argparse.ArgumentParser()
parser.add_argument("--adapter-model", default="acme-lab/support-lora")
parser.add_argument("--model")
arguments = parser.parse_args()
mine = AutoModelForCausalLM.from_pretrained(arguments.model)
saved = AutoModelForCausalLM.from_pretrained("./checkpoints/last")
