"""What ties branches to units, estates and employers."""
