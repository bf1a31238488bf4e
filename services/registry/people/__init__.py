"""The history of people: every change with its day, its evidence, and the moment it was written down."""
