"""Cities: a town as its configuration describes it, its payees, departments and back offices."""
