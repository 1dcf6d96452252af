-- Removals that wait for an operator's approval (hold-1).
ALTER TABLE mirrors ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run_trainers ADD COLUMN held TEXT NOT NULL DEFAULT '[]';
