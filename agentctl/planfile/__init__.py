"""Text to Plan, or every reason why not, without touching a live system. What a plan would do is the engine's part."""
