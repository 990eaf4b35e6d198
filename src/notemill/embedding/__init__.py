"""What texts mean, as vectors: models that run on the machine, and services that are asked."""
