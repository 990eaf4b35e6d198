"""The tags of a vault: problems, changes, and which tags may be written."""
