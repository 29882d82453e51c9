"""What changed in accounts, noted by whoever changes it for those who want to be told (hub.webhooks)."""
