"""What a noun could not be told of a delivery is found without reading all of them."""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    sql = Path(__file__).parents[1] / "sql" / "0021_untold_deliveries.sql"
    op.get_bind().exec_driver_sql(sql.read_text(encoding="utf-8"))
