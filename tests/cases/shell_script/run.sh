#!/bin/bash
MODEL=${1:-"meta-llama/Llama-3.1-8B"}
python -m vllm.entrypoints.openai.api_server --model $MODEL \
   --revision main --lora-modules sql=acme-lab/sql-lora
hf download --repo-type dataset allenai/c4
wget https://download.pytorch.org/models/resnet50-19c8e357.pth -O a.pth
docker build -t acme/mine:1 . && docker run acme/mine:1
docker run --gpus all vllm/vllm-openai:v0.9.2 --model Qwen/Qwen3-8B
ollama pull llama3.2:3b
helm install ray kuberay/kuberay-operator --version 1.2.2
python -m spacy download en_core_web_sm
kaggle datasets download -d acme/tickets
cat <<EOF > out
wget https://not.fetched/x.bin
EOF
echo "git clone https://github.com/not/cloned"
git clone -b v1 https://github.com/acme/weights
python train.py --model_name_or_path=google/gemma-2-2b --dataset_name imdb --output_dir out/x
vllm serve "$UNKNOWN_MODEL/x"
