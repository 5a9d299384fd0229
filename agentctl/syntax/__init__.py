"""Untrusted text in, positioned values or every diagnostic at once out. Knows no plan, policy or workspace."""
