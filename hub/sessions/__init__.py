"""Sessions: a browser in which somebody is logged in."""
