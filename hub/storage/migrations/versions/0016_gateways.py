"""Attempts at card gateways, their messages, and money given back."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0016_gateways.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
