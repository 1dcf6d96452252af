-- Each opening of the state begins an epoch of the feed: positions from first on are its,
-- up to where the next one begins. A copy of the state lacks the epochs that began after
-- it was made, and so does not take their positions for its own.
CREATE TABLE feed_epochs (
    seq   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id    TEXT NOT NULL UNIQUE,
    first INTEGER NOT NULL
) STRICT;
