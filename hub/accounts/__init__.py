"""Accounts: everything the city's back offices say about one citizen, with the age of every part."""
