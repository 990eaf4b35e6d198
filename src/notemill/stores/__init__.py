"""A vault's primary data, which cannot be rebuilt: proposals, decisions, links, exclusions."""
