"""How people come in: logins, sessions, what may be said once."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0004_logins.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
