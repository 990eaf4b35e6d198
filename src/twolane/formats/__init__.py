"""Reading requests and writing results."""
