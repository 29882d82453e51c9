"""What a citizen's front end may ask, on behalf of the citizen whose token it holds."""
