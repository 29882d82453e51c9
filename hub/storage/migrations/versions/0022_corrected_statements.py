"""What became of a bank's file that was not read, and statements that a bank corrects."""

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0022_corrected_statements.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
