"""PostgreSQL: the private server, roles, migrations, town and subject walls, keys."""
