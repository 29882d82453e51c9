"""Logins: from "somebody wants in" to "she is this person", by an eID or the town's own password."""
