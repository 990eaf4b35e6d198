"""The Markdown reader: hidden regions, links, headings and tags. Pure."""
