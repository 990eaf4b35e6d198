"""What is kept of a vault and derived from nothing: proposals, decisions, links, exclusions."""
