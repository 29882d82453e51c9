"""Run by Alembic for hub.storage.migrate, which hands in the connection.

`no_parameters` sends the SQL of a revision as it stands, in one message of many statements: percent
signs and colons mean what they mean in SQL. Revisions pass it to `op.get_bind().exec_driver_sql(…)`.
"""

from alembic import context

connection = context.config.attributes["connection"].execution_options(no_parameters=True)
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
