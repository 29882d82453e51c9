"""Where back offices push."""
