-- How mailboxes are watched for changes, and the states to take the watches up with;
-- failing is NULL for a mailbox that is watched.
CREATE TABLE watches (
    provider TEXT NOT NULL,
    label    TEXT NOT NULL,
    account  TEXT NOT NULL,
    identity TEXT NOT NULL,
    address  TEXT NOT NULL,
    state    BLOB NOT NULL,
    failing  TEXT,
    PRIMARY KEY (provider, label)
) WITHOUT ROWID, STRICT;
CREATE INDEX watches_by_account ON watches (account);
