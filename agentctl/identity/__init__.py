"""Keys, and what only their holder can do: commit, seal, sign. Knows no trace, store or live system."""
