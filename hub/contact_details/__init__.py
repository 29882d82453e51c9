"""Contact details: how the town reaches somebody, as she says."""
