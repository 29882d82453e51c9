"""Any issuer of OpenID Connect. See README.md."""
