"""Patrol rounds: signed points, the times of a round, what is found and disposed of together."""
