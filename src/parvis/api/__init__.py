"""Thin HTTP routes over the domain, and the problems they answer."""
