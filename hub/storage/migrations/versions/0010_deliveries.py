"""Deliveries: what citizens cause in back offices."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0010_deliveries.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
