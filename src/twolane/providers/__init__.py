"""Providers of model answers: one file each, both lanes in it."""
