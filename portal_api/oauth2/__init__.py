"""The OpenID provider of each town, for portal front ends: OAuth 2.0 and OpenID Connect over `hub.grants`."""
