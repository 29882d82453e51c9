"""Money: payments, the ledger that balances by itself, refunds and chargebacks."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0014_payments.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
