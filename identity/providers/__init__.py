"""One folder per eID: what its claims mean, what it departs from its protocol by, what is unconfirmed."""
