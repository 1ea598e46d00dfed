-- Derived copies: what is to be done to the pictures (docs/evidence-format.md, "Derived copies"). NULL: the recorded pictures themselves.
ALTER TABLE export_job ADD COLUMN operations jsonb CHECK (jsonb_typeof(operations) = 'array');
