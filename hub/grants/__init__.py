"""Grants: what a front end may do for somebody who logged in, and for how long (OAuth 2.0, OpenID Connect)."""
