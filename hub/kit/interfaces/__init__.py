"""Interfaces of back offices in one form, whether a WSDL or an OpenAPI describes them, and what changed between two."""
