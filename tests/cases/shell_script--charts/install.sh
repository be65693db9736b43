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
git clone https://github.com/kubernetes-sigs/gateway-api-inference-extension.git && cd gateway-api-inference-extension && git checkout e8834c311ed599e2a99f85328cf2e0ae143402c3
git clone https://github.com/vllm-project/vllm.git
git checkout -b work
