from peft import PeftModel
from transformers import AutoModelForCausalLM

BASE = "google/gemma-2-2b"


def load(path):
    return AutoModelForCausalLM.from_pretrained(BASE, revision="c5ebcd40d208330abc697524c919956e692655cf")


direct = AutoModelForCausalLM.from_pretrained(BASE, revision="c5ebcd40d208330abc697524c919956e692655cf")
model = PeftModel.from_pretrained(direct, "acme-lab/gemma-2-2b-support")
inline = PeftModel.from_pretrained(model=AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-0.5B"), model_id="acme-lab/qwen-support")
unknown = PeftModel.from_pretrained(something(), "acme-lab/of-something")
