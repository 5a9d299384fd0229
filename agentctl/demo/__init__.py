"""The story ``agentctl demo`` tells: a scratch workspace, and the real commands run in it one after the other."""
