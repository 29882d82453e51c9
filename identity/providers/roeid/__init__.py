"""ROeID, Romania. See README.md."""
