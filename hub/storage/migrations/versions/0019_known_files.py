"""A bank's file that is known is not kept twice."""

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0019_known_files.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
