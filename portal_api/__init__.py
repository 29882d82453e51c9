"""The hub's HTTP API: one folder per audience, one module per noun."""
