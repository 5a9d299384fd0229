"""Systems of record that speak HTTP."""
