"""Access tokens: who speaks, for whom, in which town, how surely known, allowed what."""
