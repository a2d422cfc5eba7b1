"""A first configuration and table for a folder of recordings, to be completed by a person."""
