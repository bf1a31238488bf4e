"""Meetings and their cadence, votes, elections and terms."""
