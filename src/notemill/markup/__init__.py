"""The reader of Markdown: what hides text, links, headings, tags. Pure."""
