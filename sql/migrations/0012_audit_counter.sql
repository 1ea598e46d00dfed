-- An advisory lock can be taken by every role, so every role could keep the others from writing audit records. A row that only the owner may touch
-- cannot. The number is still given back when a writer's transaction fails: no holes.
CREATE TABLE audit_counter (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	last bigint NOT NULL
);
INSERT INTO audit_counter (last) SELECT coalesce(max(number), 0) FROM audit;
CREATE OR REPLACE FUNCTION audit_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	UPDATE audit_counter SET last = last + 1 RETURNING last INTO NEW.number;
	NEW.at := clock_timestamp();
	RETURN NEW;
END
$$;
