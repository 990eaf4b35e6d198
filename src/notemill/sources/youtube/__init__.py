"""Videos of YouTube become drafts, and playlists and channels lists of videos.

`reading.YouTube` asks yt-dlp, and youtube-transcript-api once where that may help; `faults` says
what it means when neither gives anything.
"""
