"""What ``.agentctl/`` keeps besides the trace: what was consented to, what is hidden, what is known, the lock."""
