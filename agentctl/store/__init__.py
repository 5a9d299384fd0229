"""Everything under ``.agentctl/`` except what a trace record says."""
