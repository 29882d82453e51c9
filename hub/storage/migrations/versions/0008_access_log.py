"""Who looked."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0008_access_log.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
