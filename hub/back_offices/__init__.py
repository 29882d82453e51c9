"""Back offices: the configured systems of a city, their feeds, how far each has been read and how old that is."""
