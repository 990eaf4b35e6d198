"""What command lines share: flags, exit codes, progress, consent, printing."""
