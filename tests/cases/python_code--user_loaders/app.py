from acme_models import fetch

fetch("intent-classifier")
