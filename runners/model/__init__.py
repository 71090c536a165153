"""Models, one module each: torch modules that map inputs to logits."""
