"""Staff with roles, and who may act for whom."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0007_staff_and_mandates.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
