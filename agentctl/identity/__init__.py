"""Keys, signatures, commitments and credentials."""
