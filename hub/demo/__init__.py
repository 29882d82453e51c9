"""The demonstration: two towns with simulated back offices, all on this machine."""
