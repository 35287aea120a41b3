"""The database: every table, the engine, and one way to open a transaction.

SQLite in write-ahead mode, so that pages read while the worker writes. Times are UTC.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Engine, ForeignKey, Index, String, TypeDecorator, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from settings import ROOT, get_settings


def now() -> datetime:
    """Return the present moment in UTC, with its time zone."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back on reading."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as naive UTC."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read as aware UTC."""
        return value.replace(tzinfo=UTC) if value else None


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}


class Site(Base):
    """An organisation holding data; its key, wrapped by the master key, opens its datasets."""

    __tablename__ = "sites"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    wrapped_key: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=now)


class User(Base):
    """A person. ``role`` is a value of accounts.permissions.Role; a visitor has no row."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(String(20))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    site: Mapped[Site | None] = relationship(lazy="joined")


class BrowserSession(Base):
    """A signed-in browser; only the SHA-256 of its token is kept."""

    __tablename__ = "browser_sessions"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class EnterCode(Base):
    """A code that a browser exchanges once, within a minute, for its session cookie."""

    __tablename__ = "enter_codes"
    code_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]


class Node(Base):
    """A real site's machine, known by its public key. It waits until an admin has registered the key."""

    __tablename__ = "nodes"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))  # as it calls itself until it is registered
    public_key: Mapped[str] = mapped_column(unique=True)  # PEM
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"), index=True)
    number: Mapped[str] = mapped_column(String(20), default="")  # of 64 bits, given by the SuperLink
    state: Mapped[str] = mapped_column(String(12), default="waiting")  # waiting, registered, revoked
    offers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # task → {"rows", "positives", "synthetic"}
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    site: Mapped[Site | None] = relationship(lazy="joined")


class DatasetRecord(Base):
    """What a site contributed for a task: the receipt. The rows lie encrypted in the vault."""

    __tablename__ = "datasets"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)
    task: Mapped[str] = mapped_column(String(60), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    rows: Mapped[int]
    positives: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))  # of the file as uploaded
    path: Mapped[str]  # inside HOME/vault
    synthetic: Mapped[bool] = mapped_column(default=False)
    contributed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_at: Mapped[datetime | None]
    site: Mapped[Site] = relationship(lazy="joined")


class Run(Base):
    """One federated training of a task over sites. ``request`` is a fl.runs.RunRequest as JSON."""

    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(60), index=True)
    request: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(20), default="queued", index=True)
    phase: Mapped[str] = mapped_column(String(200), default="")
    round: Mapped[int] = mapped_column(default=0)
    rounds: Mapped[int]
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    heartbeat_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    priority: Mapped[int] = mapped_column(default=0)  # of those that wait, the highest is next
    executor: Mapped[str] = mapped_column(String(20), default="")  # the one in use, never "auto"
    seconds: Mapped[dict[str, Any]] = mapped_column(default=dict)  # startup, first_round, rounds, total
    final: Mapped[dict[str, Any]] = mapped_column(default=dict)  # held-out scores with intervals
    error: Mapped[str] = mapped_column(default="")
    mlflow_run: Mapped[str] = mapped_column(String(40), default="")


class RunSite(Base):
    """A site taking part in a run, with what it gained."""

    __tablename__ = "run_sites"
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"), index=True)  # None: part of public data
    dataset_ids: Mapped[list[Any]] = mapped_column(default=list)
    samples: Mapped[int] = mapped_column(default=0)
    positives: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    round: Mapped[int] = mapped_column(default=0)  # the last round it answered
    bytes_up: Mapped[int] = mapped_column(default=0)
    bytes_down: Mapped[int] = mapped_column(default=0)
    benefit: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"local": scores, "federated": scores, ...}


class RoundRecord(Base):
    """The global model after a round, on the held-out rows. Round 0 is before any training."""

    __tablename__ = "rounds"
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    loss: Mapped[float]
    metrics: Mapped[dict[str, Any]]  # auc, accuracy, ...
    seconds: Mapped[float]
    replies: Mapped[int]
    failures: Mapped[list[Any]] = mapped_column(default=list)  # [{"site": name, "reason": sentence}]
    at: Mapped[datetime] = mapped_column(default=now)


class SiteRound(Base):
    """One site's update in a round, on the held-out rows."""

    __tablename__ = "site_rounds"
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))  # answered, dropped, refused
    loss: Mapped[float | None]
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seconds: Mapped[float] = mapped_column(default=0.0)
    samples: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")


class RunEvent(Base):
    """A plain sentence about what happened in a run."""

    __tablename__ = "run_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
    level: Mapped[str] = mapped_column(String(10), default="info")  # info, warning, error
    text: Mapped[str]


class ModelVersion(Base):
    """What a run produced: safetensors and a manifest in a folder under HOME/versions or in the task's folder."""

    __tablename__ = "model_versions"
    __table_args__ = (Index("one_number_a_task", "task", "number", unique=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(60), index=True)
    number: Mapped[int]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))  # None: shipped with MedHive
    path: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Promotion(Base):
    """A decision about what Model Hive serves; a task's champion is that of its last promotion."""

    __tablename__ = "promotions"
    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(60), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    kind: Mapped[str] = mapped_column(String(10))  # shipped, promote, rollback
    reason: Mapped[str]
    by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[ModelVersion] = relationship(lazy="joined")


class AuditEntry(Base):
    """Who did what to what, when. Holds no health data and no secret."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    user_name: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Conversation(Base):
    """A signed-in person's talk with the companion."""

    __tablename__ = "conversations"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)
    messages: Mapped[list["ChatMessage"]] = relationship(order_by="ChatMessage.id", cascade="all, delete-orphan")


class ChatMessage(Base):
    """One question or answer; ``answer`` holds a rag.answer.Answer as JSON for answers."""

    __tablename__ = "chat_messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(10))  # person, companion
    text: Mapped[str]
    answer: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(default=now)


class Opinion(Base):
    """A thumb up or down for an answer, with a comment; gone with its conversation."""

    __tablename__ = "opinions"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    helpful: Mapped[bool]
    comment: Mapped[str] = mapped_column(default="")
    provider: Mapped[str] = mapped_column(String(120))
    topic: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(default=now)


class TokensUsed(Base):
    """Tokens that all people together used on a day (UTC) at a language model whose key they share."""

    __tablename__ = "tokens_used"
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    tokens: Mapped[int] = mapped_column(default=0)


@lru_cache
def engine(url: str | None = None) -> Engine:
    """Return the engine for ``url``, or for the settings' database; one a process and address."""
    if url is None:
        return engine(get_settings().database_url)
    made = create_engine(url, connect_args={"timeout": 15}, hide_parameters=True)  # errors tell no health data

    @event.listens_for(made, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return made


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a session that commits at the end, or rolls back whole when anything is raised."""
    with Session(engine(get_settings().database_url), expire_on_commit=False) as session, session.begin():
        yield session


def migrate() -> None:
    """Bring the database to the newest schema; makes it if it is missing.

    Raises
    ------
    data.room.NoRoom
        When HOME cannot be written.
    """
    from alembic import command
    from alembic.config import Config

    from data import room

    room.check()
    config = Config()
    config.set_main_option("script_location", str(ROOT / "data" / "migrations"))
    config.set_main_option("sqlalchemy.url", get_settings().database_url)
    command.upgrade(config, "head")
