"""How Alembic reaches the database: one connection, one transaction, so that a migration happens whole or not at all.

The connection is Alembic's own and leaves foreign keys unchecked: a batch change rebuilds a table, and checked keys
would delete the rows that refer to it.
"""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from data.database import Base, UtcDateTime


def _render(kind, item, _context):
    """Write UtcDateTime into a revision as the plain type that it is stored as."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


def _run():
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=NullPool)
    with engine.connect() as connection:
        # Two processes may start at once on a new home: the second waits here and then finds nothing to do.
        connection.exec_driver_sql("PRAGMA busy_timeout=60000")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=_render,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


_run()
