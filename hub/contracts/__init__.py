"""Contracts with back offices: what of their interfaces we recorded and use, and what of it has changed."""
