"""An admission webhook for Kubernetes: nothing starts whose images and models are not what somebody trusted has signed."""
