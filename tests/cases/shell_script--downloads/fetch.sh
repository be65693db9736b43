#!/usr/bin/env bash
set -euo pipefail
MODELS=(
  "BAAI/bge-m3"      # the embedding
  "mixedbread-ai/mxbai-embed-large-v1"
)
for model in "${MODELS[@]}"; do
  hf download "$model" --local-dir "models/$model"
done

huggingface-cli download --repo-type dataset HuggingFaceH4/ultrachat_200k --revision 0123456789abcdef0123456789abcdef01234567
if [[ "${SIZE}" == "large" ]]; then
  WHICH="org-a/large"
else
  WHICH=org-a/small
fi
vllm serve "${WHICH}" --revision v1.2

git lfs install
git clone https://huggingface.co/datasets/allenai/c4
git clone -b v2 https://huggingface.co/google/gemma-2-2b
git clone --depth 1 --branch v3.1 https://github.com/example-org/code.git
wget -q -O data.zip https://downloads.example/v2/data.zip
curl -L "https://huggingface.co/org-b/weights/resolve/main/model.safetensors" -o model.safetensors
curl -fsSL https://get.example/install.sh | sudo -E bash -s -- --yes
bash <(curl -s https://get.example/other.sh)
curl -s https://api.example/v1/models
curl -LO https://github.com/example-org/tool/releases/download/v1/tool-linux-amd64.zip
aws s3 cp --recursive s3://example-bucket/corpus/ data/
aws s3 cp out/model.pt s3://example-bucket/published/
gsutil -m cp gs://example-bucket/ckpt/model.ckpt .
azcopy copy "https://account.blob.core.windows.net/container/data.csv" .
gdown 1AbCdEfGhIjKlMnOpQrStUvWxYz012345 -O weights.pth
kaggle competitions download -c titanic
kaggle models instances versions download google/gemma/pytorch/2b/1
dvc get https://github.com/example-org/registry data/labels.csv --rev v1
dvc import-url https://downloads.example/raw.csv
wandb artifact get team/project/model:v3
modelscope download --model Qwen/Qwen3-8B
tune download meta-llama/Llama-3.2-1B-Instruct --output-dir /tmp/x
ollama pull hf.co/org-c/model-GGUF:Q4_K_M
ollama pull "$LATER"
llama-server -hf ggml-org/gemma-3-4b-it-GGUF:Q8_0 --port 8080
python -m nltk.downloader -d /data punkt stopwords
python3 -m spacy download en_core_web_lg
pip install "git+https://github.com/huggingface/trl@v0.9.6" ./local.whl
uv pip install https://github.com/explosion/spacy-models/releases/download/de_core_news_sm-3.7.0/de_core_news_sm-3.7.0-py3-none-any.whl
conda run -n env python train.py --model_name_or_path=roberta-base --dataset_name glue
accelerate launch --num_processes 8 sft.py --model_name_or_path org-d/base --model_revision main --dataset_mixer org-d/one org-d/two --output_dir org-d-out
torchrun --nproc_per_node 4 eval.py --tokenizer org-e/tokenizer
lm_eval --model hf --model_args pretrained=org-f/one,peft=org-f/adapter,dtype=bfloat16 --tasks mmlu
text-generation-launcher --model-id org-g/served --revision main
docker run --rm -e MODEL_ID=org-h/inside -v "$PWD/models:/models" -p 80:80 ghcr.io/huggingface/text-generation-inference:2.4 --num-shard 2
docker build -t own/image:1 .
docker push own/image:1
kubectl run tmp --image=busybox:1.36 -- sh
kubectl apply -f https://manifests.example/operator.yaml
helm install prom oci://charts.example/prometheus --version 1.2.3
LAUNCH="accelerate launch train.py --model_name_or_path org-i/in-variable"
$LAUNCH
cat <<YAML | kubectl apply -f -
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: a
      image: ubuntu:24.04
YAML
echo 'hf download org-z/quoted'
# hf download org-z/commented
python upload.py --hub_model_id org-z/pushed --output_dir ./out
dvc remote add -d --local storage s3://example-bucket/remote
