-- Timelines that were left out of an export: at the request of who asked for it, or because that login may not have them.
ALTER TABLE export_job ADD COLUMN by_policy boolean NOT NULL DEFAULT false CHECK (without_timeline OR NOT by_policy);
