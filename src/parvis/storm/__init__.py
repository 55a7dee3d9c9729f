"""The load generator. Empty so far."""
