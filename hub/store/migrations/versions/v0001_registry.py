"""Projects, devices, entities, texts, cursors and the health of entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From an empty database."""
    _projects()
    _devices()
    _entities()
    _texts()
    _cursors()
    _entry_health()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _projects() -> None:
    op.create_table(
        "projects",
        _text("project"),
        _text("tenant"),
        sa.PrimaryKeyConstraint("project", name="pk_projects"),
        sa.UniqueConstraint("project", "tenant", name="uq_projects_project_tenant"),
    )


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        _text("tenant"),
        _text("project"),
        _text("key"),
        sa.Column("name", sa.JSON(), nullable=False),
        *(_text(name) for name in ("area", "medium", "manufacturer", "model", "profile", "entry", "address")),
        sa.PrimaryKeyConstraint("number", name="pk_devices"),
        sa.UniqueConstraint("project", "key", name="uq_devices_project_key"),
        sa.UniqueConstraint("number", "project", "tenant", name="uq_devices_number_project_tenant"),
        sa.ForeignKeyConstraint(
            ["project", "tenant"],
            ["projects.project", "projects.tenant"],
            name="fk_devices_projects",
            onupdate="CASCADE",
        ),
    )


def _entities() -> None:
    op.create_table(
        "entities",
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        _text("tenant"),
        _text("project"),
        sa.Column("device", sa.Integer(), nullable=False),
        *(_text(name) for name in ("key", "unit", "kind")),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("deadband", "deadband_percent", "max_age")),
        *(sa.Column(name, sa.Float(), nullable=True) for name in ("rollover", "believable_low", "believable_high")),
        _text("confidence"),
        sa.Column("writable", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row", name="pk_entities"),
        sa.UniqueConstraint("device", "key", name="uq_entities_device_key"),
        sa.ForeignKeyConstraint(
            ["device", "project", "tenant"],
            ["devices.number", "devices.project", "devices.tenant"],
            name="fk_entities_devices",
            onupdate="CASCADE",
        ),
    )


def _texts() -> None:
    op.create_table(
        "texts",
        sa.Column("code", sa.Integer(), autoincrement=False, nullable=False),
        _text("tenant"),
        _text("project"),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_texts"),
    )


def _cursors() -> None:
    op.create_table(
        "cursors",
        _text("tenant"),
        _text("project"),
        _text("name"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "project", "name", name="pk_cursors"),
        sa.CheckConstraint("seq >= 0", name="ck_cursors_seq_is_not_negative"),
    )


def _entry_health() -> None:
    op.create_table(
        "entry_health",
        *(_text(name) for name in ("project", "entry", "tenant", "integration", "state")),
        sa.Column("since", sa.BigInteger(), nullable=False),
        _text("reason"),
        sa.Column("restarts", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "entry", name="pk_entry_health"),
        sa.ForeignKeyConstraint(
            ["project", "tenant"],
            ["projects.project", "projects.tenant"],
            name="fk_entry_health_projects",
            onupdate="CASCADE",
        ),
    )
