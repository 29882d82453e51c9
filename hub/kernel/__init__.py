"""Words everything else is built from: money, ids, errors, clock, texts, freshness.

Imports the standard library and pydantic only, so that any part of the hub may import it.
"""
