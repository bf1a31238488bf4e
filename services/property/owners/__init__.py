"""Owners together: rights, assemblies and votes, the committee, the repair fund. Rules in `model`, the proof in `proof`."""
