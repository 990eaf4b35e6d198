"""The use cases of a vault: the one door for every front."""
