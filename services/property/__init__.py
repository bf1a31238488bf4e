"""Property management."""
