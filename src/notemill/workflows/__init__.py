"""What notemill does with notes: notes become requests, replies become proposals."""
