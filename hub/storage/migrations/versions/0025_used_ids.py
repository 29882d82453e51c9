"""Letters of used ids that are settled are found by what they hold."""

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0025_used_ids.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
