"""The rehearsal, as far as it is pure."""
