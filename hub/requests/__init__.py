"""Requests: problems citizens report, such as a street lamp that does not light."""
