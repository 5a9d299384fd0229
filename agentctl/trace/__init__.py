"""The hash-chained history of a workspace: written ahead by one journal, checked and replayed by anyone."""
