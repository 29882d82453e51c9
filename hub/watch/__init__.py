"""Whoever runs a town is told: what lasts too long is noticed, and alerts go out by mail and webhook."""
