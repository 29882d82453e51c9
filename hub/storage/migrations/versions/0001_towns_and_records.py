"""Towns, their keys and walls; subjects, obligations, cases; feeds; messages in."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0001_towns_and_records.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
