"""The tags of a vault: counted, compared, arranged; pure."""
