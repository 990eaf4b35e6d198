"""What requests are read from and results written to."""
