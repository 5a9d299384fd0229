"""Where tokens come from, for one step each: the providers, and the broker that asks them. Knows no HTTP library."""
