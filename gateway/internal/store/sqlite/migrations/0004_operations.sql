-- What operators stopped; an empty label stands for the whole provider.
CREATE TABLE pauses (
    provider TEXT NOT NULL,
    label    TEXT NOT NULL,
    since    INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (provider, label)
) WITHOUT ROWID, STRICT;

-- Credentials that a server refused; they are not tried again by themselves.
CREATE TABLE refusals (
    account     TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    since       INTEGER NOT NULL,
    code        TEXT NOT NULL,
    message     TEXT NOT NULL,
    advice      TEXT NOT NULL,
    detail      TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- What keeps whole accounts from working.
CREATE TABLE account_troubles (
    account TEXT NOT NULL PRIMARY KEY,
    failing TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- The last verification of each account (empty label) and mapping.
CREATE TABLE verifications (
    account     TEXT NOT NULL,
    label       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at          INTEGER NOT NULL,
    checks      TEXT NOT NULL,
    PRIMARY KEY (account, label)
) WITHOUT ROWID, STRICT;

-- Our items in calendars that their trainers no longer have.
CREATE TABLE leftovers (
    provider   TEXT NOT NULL,
    label      TEXT NOT NULL,
    binding    TEXT NOT NULL,
    key        TEXT NOT NULL,
    account    TEXT NOT NULL,
    address    TEXT NOT NULL,
    timezone   TEXT NOT NULL,
    generation TEXT NOT NULL,
    item_id    TEXT NOT NULL,
    span       TEXT NOT NULL,
    since      INTEGER NOT NULL,
    PRIMARY KEY (provider, label, binding, key)
) WITHOUT ROWID, STRICT;

CREATE TABLE conflicts (
    provider TEXT NOT NULL,
    label    TEXT NOT NULL,
    key      TEXT NOT NULL,
    other    TEXT NOT NULL,
    pulled   INTEGER NOT NULL,
    start    INTEGER NOT NULL,
    end      INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (provider, label, key, other)
) WITHOUT ROWID, STRICT;

-- Why a run left a trainer alone; NULL when it did not.
ALTER TABLE run_trainers ADD COLUMN paused TEXT;
CREATE INDEX run_trainers_by_trainer ON run_trainers (provider, label);
