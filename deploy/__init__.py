"""How Yikou is run: the one-command stack, images, monitoring, the command line."""
