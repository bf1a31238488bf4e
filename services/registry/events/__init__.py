"""Parts and events of the grids: what stands in the street, and what goes wrong there until it is in order."""
