"""Where seats talk to each other: WebRTC sessions, rooms and the mixer clock."""
