terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}
variable "image_tag" { default = "v1" }
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.1.2"
}
module "x" {
  source = "git::https://github.com/acme/mods.git//x?ref=v1.2"
}
module "l" { source = "./l" }
resource "helm_release" "kuberay" {
  name       = "kuberay"
  repository = "https://ray-project.github.io/kuberay-helm/"
  chart      = "kuberay-operator"
  version    = "1.1.0"
}
resource "aws_bedrockagent_knowledge_base" "kb" {
  knowledge_base_configuration {
    vector_knowledge_base_configuration {
      embedding_model_arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
    }
  }
}
resource "azurerm_cognitive_deployment" "d" {
  model {
    format  = "OpenAI"
    name    = "gpt-4o"
    version = "2024-08-06"
  }
}
resource "aws_ecs_task_definition" "x" {
  container_definitions = jsonencode([{ image = "acme/app:${var.image_tag}" }])
}
resource "google_cloud_run_service" "x" {
  template { spec { containers { image = "gcr.io/acme/app:${var.image_tag}" } } }
}
