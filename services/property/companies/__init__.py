"""Companies and their contracts, the clocks the law gives both, and what a company missed."""
