"""Places outside the workspace that remember the heads of its trace. What a head proves is ``trace.verify``'s part."""
