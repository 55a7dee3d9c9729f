"""Recording and replay. Empty so far."""
