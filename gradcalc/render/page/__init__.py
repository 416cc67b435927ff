"""The page: its documents, and the scripts, the style and the data that are in them."""
