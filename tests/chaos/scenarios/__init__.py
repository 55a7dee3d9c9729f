"""Faults, by what they hit."""
