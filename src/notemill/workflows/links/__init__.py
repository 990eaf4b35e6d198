"""Which notes to link, why, and the writing of both sides."""
