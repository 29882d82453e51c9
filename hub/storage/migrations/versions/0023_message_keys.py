"""A message that is kept asks no more whether its town exists."""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0023_message_keys.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
