"""The mapping engine: turns documents of a back office into records of the city, by YAML and without Python."""
