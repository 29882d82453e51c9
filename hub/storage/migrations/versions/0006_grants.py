"""What front ends were granted: codes, tokens, signing keys."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0006_grants.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
