"""Results of services as JSON, the same for every front; one module per feature."""
