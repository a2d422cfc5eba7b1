"""The training loop that every stage goes through, and what it stands on."""
