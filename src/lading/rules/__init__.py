"""Rules: a bill of materials to findings. One module is one rule; `_registry` says what a rule is."""
