-- Of objects that were deleted, the version up to which nothing makes them again: an
-- upsert that is repeated late brings no ghost. swept: a full list lacked the object,
-- so another full list may have it again in the same version.
CREATE TABLE deleted (
    provider TEXT NOT NULL,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    version  TEXT NOT NULL,
    swept    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (provider, kind, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX deleted_at ON deleted (at);
