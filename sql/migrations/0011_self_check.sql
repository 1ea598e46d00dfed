-- What the recorder found when it decoded a sealed recording again. One that does not hold is an alarm: a record in the audit trail, in whose name
-- the recorder, which may not write there, cannot say anything else.
ALTER TABLE recording
	ADD check_state text NOT NULL DEFAULT '' CHECK (check_state IN ('', 'passed', 'failed', 'skipped')),
	ADD check_detail text NOT NULL DEFAULT '',
	ADD checked_at timestamptz;

CREATE FUNCTION recording_check_alarm() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	INSERT INTO audit (program, actor, action, subject, address, detail)
	VALUES ('vitrine_recorder', '', 'self-check-failed', NEW.session_id::text, '', jsonb_build_object('detail', NEW.check_detail));
	RETURN NULL;
END
$$;
CREATE TRIGGER recording_check_alarm AFTER UPDATE OF check_state ON recording FOR EACH ROW
	WHEN (NEW.check_state = 'failed' AND OLD.check_state <> 'failed') EXECUTE FUNCTION recording_check_alarm();
