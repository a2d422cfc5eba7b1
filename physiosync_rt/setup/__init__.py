"""A run put together, from settings to engine and files: for commands and for the start screen."""
