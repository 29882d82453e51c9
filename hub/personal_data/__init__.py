"""Everything about a person: given to her (GDPR art. 15 and 20) and, when she asks, erased (art. 17)."""
