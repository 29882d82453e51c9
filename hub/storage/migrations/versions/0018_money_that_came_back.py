"""Transfers that the payer's bank sent back, chargebacks in parts, and money that was lost and is here after all."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0018_money_that_came_back.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
