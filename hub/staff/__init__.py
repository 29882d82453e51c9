"""Who works for the town, with which roles, and by which accounts they come in."""
