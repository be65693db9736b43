#!/bin/sh
kubectl apply -f - <<EOF
apiVersion: apps/v1
kind: Deployment
metadata:
  name: agent
spec:
  template:
    spec:
      containers:
      - name: agent
        image: python:3.12-slim
        env:
        - {name: AWS_REGION, value: ${REGION}}
        - {name: BEDROCK_MODEL_ID, value: us.anthropic.claude-sonnet-4-5-20250929-v1:0}
EOF
helm install models charts/models -f - <<EOF
catalog:
  opt:
    url: "hf://facebook/opt-125m"
EOF
