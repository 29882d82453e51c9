"""Postings: what was paid here, told once to the accounting back office of each obligation."""
