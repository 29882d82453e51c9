"""Bank statements, their entries, and what they were matched with."""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0017_statements.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
