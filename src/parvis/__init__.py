"""Parvis runs live audio Spaces that do not break when the crowd comes."""

__version__ = "0.1.0"
