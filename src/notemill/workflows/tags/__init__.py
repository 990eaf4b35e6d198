"""What is wrong with a vault's tags, what is done about it, and which may be written."""
