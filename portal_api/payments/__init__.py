"""Doors of payments for whoever has no token: gateways, browsers that come back from one, the page of a payment."""
