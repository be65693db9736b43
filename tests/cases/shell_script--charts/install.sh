#!/bin/bash
KIND_NODE_IMAGE="${KIND_NODE_IMAGE:=kindest/node:v1.29.0}"
helm repo add jetstack https://charts.jetstack.io --force-update
helm install cert-manager jetstack/cert-manager --version "$CERT_MANAGER_VERSION"
helm install qdrant qdrant --repo https://qdrant.github.io/qdrant-helm --version 1.15.5
helm upgrade -i gateway "oci://docker.io/envoyproxy/${CHART}" --version v1.7.0
helm plugin install https://github.com/helm-unittest/helm-unittest.git --version v1.0.0
kubectl apply -f "https://github.com/kubernetes-sigs/lws/releases/download/${LWS_VERSION}/manifests.yaml"
kubectl delete -f "https://github.com/kubernetes-sigs/lws/releases/download/${LWS_VERSION}/manifests.yaml"
docker run --rm acme/storage-initializer:v1 hf://facebook/opt-125m /mnt/models
if [[ $url == ollama://* ]]; then true; fi
