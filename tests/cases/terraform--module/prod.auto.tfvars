router_tag       = "0.5"
embedding_model  = "BAAI/bge-m3"
worker_image     = "rayproject/ray:2.52.0"
