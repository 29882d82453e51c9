"""What was paid here: told to the accounting back offices, and not subtracted twice."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0015_postings.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
