"""The only HTTP door: checks who asks and what, hands it to an office by RPC, and pushes what changes."""
