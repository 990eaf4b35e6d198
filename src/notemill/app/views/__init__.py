"""What services return, as JSON: the same for every front; one module a feature."""
