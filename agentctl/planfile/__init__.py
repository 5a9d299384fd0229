"""Plan files: text to Plan, or every diagnostic at once."""
