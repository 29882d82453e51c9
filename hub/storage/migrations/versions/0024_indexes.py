"""Indexes for what is deleted, and for questions about money that read whole tables."""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0024_indexes.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
