"""Exchange: files in and out, the feed of changes, and which register is the source of what."""
