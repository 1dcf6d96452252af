-- Who is due, who is being worked on, and by whom. A row stays when neither is the case:
-- its epoch must only ever grow.
CREATE TABLE schedule (
    provider     TEXT NOT NULL,
    label        TEXT NOT NULL,
    -- The account that the engine works on the trainer through; empty while it leaves the
    -- trainer alone. mapping says which mapping that was decided for.
    account      TEXT NOT NULL DEFAULT '',
    mapping      TEXT NOT NULL DEFAULT '',
    -- What is asked for; at is NULL when nothing is.
    at           INTEGER,
    since        INTEGER,
    asked        INTEGER,
    cause        TEXT NOT NULL DEFAULT '',
    traceparents TEXT NOT NULL DEFAULT '[]',
    -- The batch that the trainer is part of, whether it is for the interval alone, and
    -- until when it may be queued.
    batch        TEXT NOT NULL DEFAULT '',
    turn         INTEGER NOT NULL DEFAULT 0,
    queued       INTEGER,
    -- The lease; lease_end is NULL when there is none. taken is what it was taken for,
    -- which is due again when it is not given back.
    owner        TEXT NOT NULL DEFAULT '',
    epoch        INTEGER NOT NULL DEFAULT 0,
    lease_end    INTEGER,
    taken        TEXT,
    -- When the last lease was given back.
    served       INTEGER,
    PRIMARY KEY (provider, label)
) STRICT; -- with row ids: rows are wide, and their keys are searched for often

CREATE INDEX schedule_by_due ON schedule (at) WHERE at IS NOT NULL AND account <> '';
CREATE INDEX schedule_by_queue ON schedule (queued) WHERE queued IS NOT NULL;
CREATE INDEX schedule_by_lease ON schedule (lease_end) WHERE lease_end IS NOT NULL;
