"""The composition root: one folder with ``agentctl.yaml`` wired to connectors, policy, key, trace and store."""
