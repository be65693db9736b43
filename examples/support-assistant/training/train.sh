#!/usr/bin/env bash
set -e
huggingface-cli download --repo-type dataset bitext/Bitext-customer-support-llm-chatbot-training-dataset
accelerate launch -m training.sft --config training/sft.yaml
