"""Bills: dated tariffs, what a bill is and how it comes about, and where it is kept."""
