"""The page: its JavaScript, and the language as data for it."""
