"""Bank statements: one module or package for each format, with an object `FORMAT` (hub.ports.bank_statement)."""
