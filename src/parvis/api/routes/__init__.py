"""Thin routes: each reads the request, calls one use case, and writes the answer."""
