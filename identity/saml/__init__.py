"""SAML 2.0 service provider (OASIS Core, Bindings, Profiles 2.0), with the schemas of python3-saml.

Judging a response is our own (`response.py`): python3-saml reads the machine's clock instead of the one handed in,
takes the beginning of an address for the address, ignores assurance, and knows no time with an offset.
"""
