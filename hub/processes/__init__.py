"""The hub's processes: the API, the worker, and both under one parent for a town with one server."""
