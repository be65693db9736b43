locals {
  registry = "ghcr.io/acme"
  images = {
    vllm = "vllm/vllm-openai:v0.11.0"
  }
  router_image = "${local.registry}/router:${var.router_tag}"
}
resource "google_cloud_run_v2_service" "chat" {
  provider = google-beta
  template {
    containers {
      image = var.serving_image
      env {
        name  = "MODEL_ID"
        value = "mistralai/Mistral-7B-Instruct-v0.3"
      }
    }
    containers {
      image = var.sidecar != "" ? var.sidecar : "envoyproxy/envoy:v1.34-latest"
    }
    containers {
      image = local.images["vllm"]
    }
    containers {
      image = google_artifact_registry_repository.own.name
    }
  }
}
resource "google_compute_instance" "worker" {
  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }
}
resource "helm_release" "vector" {
  repository = "https://qdrant.github.io/qdrant-helm"
  chart      = "qdrant"
  version    = var.chart_version
  set {
    name  = "image.repository"
    value = "qdrant/qdrant"
  }
  set {
    name  = "image.tag"
    value = "v1.15.1"
  }
  values = [
    <<-YAML
    sidecar:
      image: busybox:1.36
      token: ${var.token}
    YAML
  ]
}
resource "aws_sagemaker_model" "m" {
  primary_container {
    image          = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.4.0-tgi2.3.1-gpu-py311-cu124-ubuntu22.04-v2.0"
    model_data_url = "s3://acme-models/llama/model.tar.gz"
    environment = {
      HF_MODEL_ID = "meta-llama/Llama-3.1-8B-Instruct"
    }
  }
}
data "aws_iam_policy_document" "call" {
  statement {
    resources = [
      "arn:aws:bedrock:*::foundation-model/anthropic.claude-3-5-sonnet-20241022-v2:0",
      "arn:${local.partition}:bedrock:${local.region}::foundation-model/*",
    ]
  }
}
module "agent" {
  source           = "./agent"
  foundation_model = "anthropic.claude-v2"
  profile          = "arn:aws:bedrock:${local.region}:${local.account}:inference-profile/us.anthropic.claude-3-7-sonnet-20250219-v1:0"
}
resource "docker_image" "cache" {
  name = "redis:7.4-alpine"
}
