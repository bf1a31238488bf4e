"""The way into the party: steps, clocks, evidence."""
