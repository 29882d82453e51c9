"""Passwords, second factors and passkeys that the town gives."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0005_passwords.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
