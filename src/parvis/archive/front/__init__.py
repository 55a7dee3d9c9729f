"""The archive over HTTP: replays with ranges, clips, feeds, and what hosts decide (docs/protocol.md §7)."""
