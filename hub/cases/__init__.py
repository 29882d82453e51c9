"""Cases: matters an office is handling for somebody, read-only as the back offices show them."""
