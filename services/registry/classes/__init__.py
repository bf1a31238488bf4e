"""Classes of community: figures of the registry against dated thresholds, with what is missing told."""
