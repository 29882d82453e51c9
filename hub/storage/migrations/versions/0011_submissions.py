"""What citizens send to the town."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0011_submissions.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
