"""The nouns of lading: what is learnt about artifacts, with no input or output but hashing."""
