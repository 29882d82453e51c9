"""How an eID is spoken to: one engine per protocol, one claim table per national scheme in `providers/`."""
