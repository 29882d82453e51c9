"""What PostgreSQL may say instead of an answer, and which of that passes."""

from __future__ import annotations

from traceback import walk_tb

import asyncpg

FAILED = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Whatever PostgreSQL or the way to it may answer instead of a result. The last is what asyncpg says of a connection
that was lost while something was under way on it ("another operation is in progress").
"""

PASSING = (
    *(OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError),
    *(asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError, asyncpg.TransactionRollbackError),
    *(asyncpg.LockNotAvailableError, asyncpg.ReadOnlySQLTransactionError),
)
"""Those of FAILED that pass by themselves or with an operator's help, so that the same may be tried again: no
connection (nor a socket while the private server restarts), a server that starts, stops or is a replica now, a full
disk, a transaction that lost against another one (PostgreSQL, appendix A: 08, 25006, 40, 53, 55P03, 57).
"""


def away(error: Exception) -> bool:
    """Whether the database could not be reached or could not work for now, as whoever asked is to be told.

    A ValueError is asyncpg's word for an argument of ours; a missing file or a lost connection may be somebody else's.
    Whatever a server says while it is connected to, it says of itself, such as one back from a full disk.
    """
    modules = {frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)}
    if isinstance(error, ValueError) or not any(name.partition(".")[0] == "asyncpg" for name in modules):
        return False
    return isinstance(error, PASSING) or "asyncpg.connect_utils" in modules
