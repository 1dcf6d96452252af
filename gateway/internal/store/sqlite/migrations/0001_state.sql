-- Times are nanoseconds since 1970 in UTC; NULL is no time. Documents are JSON.

CREATE TABLE courses (
    provider TEXT NOT NULL,
    id       TEXT NOT NULL,
    start    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (provider, id)
) WITHOUT ROWID, STRICT;

CREATE TABLE unavailability (
    provider TEXT NOT NULL,
    id       TEXT NOT NULL,
    label    TEXT NOT NULL,
    revision INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (provider, id)
) WITHOUT ROWID, STRICT;

CREATE INDEX unavailability_of_trainer ON unavailability (provider, label);

-- The last revision given to a course or an unavailability: none is used twice.
CREATE TABLE last_revision (revision INTEGER NOT NULL) STRICT;
INSERT INTO last_revision VALUES (0);

CREATE TABLE trainers (
    provider    TEXT NOT NULL,
    label       TEXT NOT NULL,
    binding     TEXT NOT NULL DEFAULT '',
    cursor      BLOB,
    fingerprint TEXT NOT NULL DEFAULT '',
    failing     TEXT,
    proven      INTEGER,
    PRIMARY KEY (provider, label)
) WITHOUT ROWID, STRICT;

CREATE TABLE links (
    provider   TEXT NOT NULL,
    label      TEXT NOT NULL,
    key        TEXT NOT NULL,
    generation TEXT NOT NULL,
    item_id    TEXT NOT NULL,
    version    TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    state      TEXT NOT NULL,
    rendered   TEXT NOT NULL,
    canonical  TEXT,
    PRIMARY KEY (provider, label, key)
) WITHOUT ROWID, STRICT;

CREATE TABLE mirrors (
    provider    TEXT NOT NULL,
    label       TEXT NOT NULL,
    id          TEXT NOT NULL,
    item_id     TEXT NOT NULL,
    series_id   TEXT NOT NULL,
    version     TEXT NOT NULL,
    description TEXT NOT NULL,
    span        TEXT NOT NULL,
    show_as     TEXT NOT NULL,
    private     INTEGER NOT NULL,
    PRIMARY KEY (provider, label, id)
) WITHOUT ROWID, STRICT;

CREATE TABLE runs (
    id       TEXT NOT NULL PRIMARY KEY,
    trace_id TEXT NOT NULL,
    cause    TEXT NOT NULL,
    started  INTEGER NOT NULL,
    finished INTEGER,
    state    TEXT NOT NULL,
    message  TEXT NOT NULL,
    events   TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX runs_by_start ON runs (started);

CREATE TABLE run_trainers (
    run      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    provider TEXT NOT NULL,
    label    TEXT NOT NULL,
    state    TEXT NOT NULL,
    counts   TEXT NOT NULL,
    failing  TEXT,
    skipped  TEXT NOT NULL,
    steps    TEXT NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID, STRICT;
