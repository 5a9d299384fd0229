"""The verbs: preview, gate, apply, settle, rollback. Knows ports, no concrete system, file layout or screen."""
