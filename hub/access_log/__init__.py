"""Who looked: every read of a person's data by anyone but that person (invariant 8)."""
