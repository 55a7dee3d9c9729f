"""Logs, process titles, metrics and health."""
