"""Container images: what their layers install and carry, read without a container engine and without unpacking what is not looked at."""
