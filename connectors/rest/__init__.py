"""REST back offices: JSON or XML over HTTP. See README.md."""
