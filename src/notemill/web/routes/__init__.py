"""The screens and what they ask the API, one module for each."""
