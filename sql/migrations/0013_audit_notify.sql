-- The recorder enters audit records into the node log as soon as they are committed; it hears of them instead of asking every second.
CREATE FUNCTION audit_notify() RETURNS trigger LANGUAGE plpgsql SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM pg_notify('vitrine_audit', '');
	RETURN NULL;
END
$$;
CREATE TRIGGER audit_notify AFTER INSERT ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_notify();
