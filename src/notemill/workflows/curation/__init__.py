"""From notes to requests, and from replies to proposals and edits."""
