-- What the reader of an object holds it against; another one after each change, from the
-- same numbers as revisions.
ALTER TABLE courses ADD COLUMN etag INTEGER NOT NULL DEFAULT 0;
ALTER TABLE unavailability ADD COLUMN etag INTEGER NOT NULL DEFAULT 0;
UPDATE courses SET etag = revision;
UPDATE unavailability SET etag = revision;

-- Changes of pulled unavailability, without any text (pull-10). Positions are never used
-- twice: newest is the last one given out, pruned the last one that is no longer kept.
CREATE TABLE feed (
    position INTEGER NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    provider TEXT NOT NULL,
    label    TEXT NOT NULL,
    id       TEXT NOT NULL,
    op       TEXT NOT NULL
) STRICT;
CREATE INDEX feed_of_trainer ON feed (provider, label);
CREATE TABLE feed_state (newest INTEGER NOT NULL, pruned INTEGER NOT NULL) STRICT;

-- The position of an item's last change is its version.
ALTER TABLE mirrors ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
INSERT INTO feed (position, at, provider, label, id, op)
    SELECT row_number() OVER (ORDER BY provider, label, id), unixepoch() * 1000000000, provider, label, id, 'create' FROM mirrors;
UPDATE mirrors SET changed = (
    SELECT position FROM feed f WHERE f.provider = mirrors.provider AND f.label = mirrors.label AND f.id = mirrors.id);
INSERT INTO feed_state SELECT count(*), 0 FROM feed;

-- What operators should know, in order: names and counts, no text of appointments.
CREATE TABLE events (
    seq      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL,
    at       INTEGER NOT NULL,
    type     TEXT NOT NULL,
    provider TEXT NOT NULL,
    account  TEXT NOT NULL,
    label    TEXT NOT NULL,
    data     TEXT NOT NULL
) STRICT;

-- Trainers who are known not to be proven for too long.
CREATE TABLE stale_trainers (
    provider TEXT NOT NULL,
    label    TEXT NOT NULL,
    PRIMARY KEY (provider, label)
) WITHOUT ROWID, STRICT;

-- How far each webhook's receiver was told, and what keeps it from hearing more.
CREATE TABLE webhooks (
    name    TEXT NOT NULL PRIMARY KEY,
    event   INTEGER NOT NULL,
    feed    INTEGER NOT NULL,
    trouble TEXT
) WITHOUT ROWID, STRICT;
