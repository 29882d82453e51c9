"""Passwords the town gives at the counter, and the second factors their owners add: TOTP, passkeys, recovery codes."""
