-- Which calendar a trainer's memory is of, when and how far it was last read, and what
-- could not be written into it (a list of documents).
ALTER TABLE trainers ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE trainers ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE trainers ADD COLUMN timezone TEXT NOT NULL DEFAULT '';
ALTER TABLE trainers ADD COLUMN read INTEGER;
ALTER TABLE trainers ADD COLUMN covered_start INTEGER;
ALTER TABLE trainers ADD COLUMN covered_end INTEGER;
ALTER TABLE trainers ADD COLUMN owed TEXT NOT NULL DEFAULT '[]';
-- How much text a pulled item's description was made with; empty for not known.
ALTER TABLE mirrors ADD COLUMN detail TEXT NOT NULL DEFAULT '';
-- A provider in pilot mode: its steps were planned, and none was carried out.
ALTER TABLE run_trainers ADD COLUMN pilot INTEGER NOT NULL DEFAULT 0;
