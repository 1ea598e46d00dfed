-- Audit numbers without holes: a missing number means a removed record. A sequence leaves holes when a transaction is rolled back, so the
-- number is taken under a lock that is held until the writer's commit. Audit records are rare and their transactions short.
ALTER TABLE audit ALTER number DROP IDENTITY;
CREATE FUNCTION audit_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('vitrine audit'));
	NEW.number := (SELECT coalesce(max(number), 0) + 1 FROM audit);
	NEW.at := clock_timestamp();
	RETURN NEW;
END
$$;
CREATE TRIGGER audit_number BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_number();
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_number;
