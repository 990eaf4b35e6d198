"""What is not a note yet: a video, a transcript, an article, a document, a feed becomes a draft."""
