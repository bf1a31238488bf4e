"""What a resident may ask of us, and what we owe him."""
