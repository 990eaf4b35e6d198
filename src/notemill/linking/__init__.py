"""Which notes belong together, and why: candidates, features, one small model; pure."""
