"""Staff see what drop folders hold that is not taken."""

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0020_dropped_files.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
