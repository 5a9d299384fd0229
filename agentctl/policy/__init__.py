"""Policy: a Change in, a Decision out. Pure once the document is loaded."""
