"""For connector authors: the suite every connector passes, simulators' base and a frozen clock."""
