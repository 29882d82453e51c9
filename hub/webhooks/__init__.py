"""Front ends' servers are told what changed in whose account: at least once, in order, signed, for days if need be."""
