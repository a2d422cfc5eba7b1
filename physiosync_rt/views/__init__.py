"""What a person reads: wording, colours, tables and the terminal view."""
