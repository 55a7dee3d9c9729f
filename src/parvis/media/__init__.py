"""Pure bytes: ISO base media boxes, parts, events, and their reader. No I/O."""
