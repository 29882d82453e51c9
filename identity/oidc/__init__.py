"""The OpenID Connect relying party; one claim table per national scheme in `identity/providers/`."""
