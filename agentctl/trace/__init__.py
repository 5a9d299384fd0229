"""What happened, in a chain of lines nobody can change unnoticed. Knows no store, key or live system."""
