terraform {
  required_providers {
    google = "~> 6.0"
    helm = {
      version = "2.17.0"
    }
  }
}
provider "kubernetes" {
  version = "2.35.0"
}
