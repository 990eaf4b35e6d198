"""How events and results look at a terminal; one module per feature."""
