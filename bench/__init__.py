"""One script per published figure, each with its peer beside it. Run them as `python -m bench.NAME`."""
