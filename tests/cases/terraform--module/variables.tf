variable "serving_image" {
  default = "ghcr.io/huggingface/text-generation-inference:3.3.4"
}
variable "router_tag" { default = "0.4" }
variable "chart_version" { default = "1.15.5" }
variable "kb_embedding_model_arn" {
  default = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
}
variable "tools" {
  default = {
    image = "python:3.12-slim"
  }
}
