"""The tables of `metadata.db`; imported only once a workspace is opened."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text

FORMAT = 1  # raise it with a migration: an older Nacre then refuses the workspace instead of misreading it

metadata = MetaData()

table_format = Table("format", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
)

version = Table(
    "version",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(30), primary_key=True),
    Column("hash", String(32), primary_key=True),
    Column("spec", Text, nullable=False),
)

head = Table(
    "head",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(30), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("hash", String(32), nullable=False),
    Column("position", Integer, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("author", Text, nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("kind", String(30), nullable=False),
    Column("name", Text, nullable=False),
    Column("action", String(30), nullable=False),
    Column("before", String(32)),
    Column("after", String(32)),
    Column("renamed_to", Text),
    Column("detail", Text, nullable=False),
    Index("event_of_object", "project_id", "kind", "name"),
    sqlite_autoincrement=True,
)
