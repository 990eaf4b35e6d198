"""The vault: notes as bytes, parsed into spans, edited in place, journaled and undoable."""
