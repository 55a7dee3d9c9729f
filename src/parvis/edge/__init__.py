"""Fans the program out to listeners: ring, cohorts, HTTP front. No account, no database, no WebRTC."""
