-- Decisions and who took them: added to, never changed. `program` is the role that wrote, as the server saw it.
CREATE TABLE audit (
	number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	program text NOT NULL DEFAULT current_user,
	actor text NOT NULL,
	action text NOT NULL CHECK (action ~ '^[a-z]+(-[a-z]+)*$' AND length(action) <= 64),
	subject text NOT NULL,
	address text NOT NULL,
	detail jsonb NOT NULL CHECK (jsonb_typeof(detail) = 'object')
);
CREATE INDEX audit_at ON audit (at DESC);
CREATE INDEX audit_actor ON audit (lower(actor), number DESC);
CREATE INDEX audit_subject ON audit (lower(subject), number DESC);

-- Rights bind the programs; this binds the owner too. ALWAYS: also under session_replication_role = replica. What only a superuser could
-- still do (dropping the trigger, editing files) is for the signed node log to show.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = vitrine, pg_temp AS $$
BEGIN
	RAISE EXCEPTION 'audit records are never changed or removed (% refused)', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_append_only;
