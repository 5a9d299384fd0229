"""Text to values: strict YAML and JSON with positions, and judgement by JSON Schema. Meaning lives elsewhere."""
