"""Reports, sanctions, statements of reasons and appeals. Empty so far."""
