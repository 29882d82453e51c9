"""The account in one call."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0003_account.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
