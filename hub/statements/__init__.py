"""Bank statements: recognised, read, looked into."""
