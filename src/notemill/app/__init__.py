"""The door to a vault for every front: what can be done with it, as use cases."""
