"""How events and results look at a terminal: one module for each feature."""
