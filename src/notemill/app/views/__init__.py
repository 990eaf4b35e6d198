"""What services return, as JSON has it: the same for every front; one module a feature."""
