-- A recording that the store does not hold: its directory is gone, and no tombstone says that it was deleted. The recorder sees it when it starts and when a deletion is
-- due; it is an alarm, once, and a state of its own, so that nothing is tried again and again. A store that was not mounted comes back: then the state does, too.
ALTER TABLE recording DROP CONSTRAINT recording_state_check,
	ADD CONSTRAINT recording_state_check CHECK (state IN ('open', 'sealed', 'failed', 'deleting', 'deleted', 'missing'));
CREATE INDEX recording_missing ON recording (node) WHERE state = 'missing';

-- True: this is new.
CREATE FUNCTION recording_note_missing(id uuid, of_node text) RETURNS boolean
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
DECLARE
	was recording;
BEGIN
	SELECT * INTO was FROM recording WHERE session_id = id AND node = of_node FOR UPDATE;
	IF was.state IS NULL OR was.state IN ('deleted', 'missing') THEN
		RETURN false;
	END IF;
	UPDATE recording SET state = 'missing', closed_at = coalesce(closed_at, now()) WHERE session_id = id;
	INSERT INTO audit (program, actor, action, subject, address, detail)
	VALUES (session_user, '', 'recording-missing', id::text, '', jsonb_build_object('node', of_node, 'state', was.state));
	RETURN true;
END
$$;

CREATE FUNCTION recording_note_found(id uuid, of_node text) RETURNS boolean
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	UPDATE recording SET state = CASE WHEN head = '' THEN 'failed' ELSE 'sealed' END
	WHERE session_id = id AND node = of_node AND state = 'missing';
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	INSERT INTO audit (program, actor, action, subject, address, detail)
	VALUES (session_user, '', 'recording-found', id::text, '', jsonb_build_object('node', of_node));
	RETURN true;
END
$$;

-- As in 0008_keeping.sql, but what is missing cannot be deleted.
CREATE OR REPLACE FUNCTION deletion_due(of_node text) RETURNS TABLE (session_id uuid, cause text, class text, reason text, requested_by text, approved_by text)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
	WITH here AS (
		SELECT r.session_id, r.state, r.closed_at, r.deletion_cause, coalesce(s.retention_class, 'standard') AS class,
			sum(b.bytes) OVER (PARTITION BY coalesce(s.retention_class, 'standard') ORDER BY r.started_at DESC, r.session_id) AS bytes_from_newest
		FROM recording r
		LEFT JOIN session s ON s.id = r.session_id
		CROSS JOIN LATERAL (SELECT coalesce(sum(g.bytes), 0) AS bytes FROM segment g WHERE g.session_id = r.session_id) b
		WHERE r.node = of_node AND r.state NOT IN ('deleted', 'missing')
	), judged AS (
		SELECT here.*, o.reason, o.requested_by, o.approved_by, CASE
			WHEN here.state = 'deleting' THEN here.deletion_cause
			WHEN o.approved_at IS NOT NULL THEN 'order'
			WHEN here.closed_at < now() - make_interval(days => c.keep_days) THEN 'age'
			WHEN here.bytes_from_newest > c.max_bytes THEN 'size'
			END AS cause
		FROM here
		LEFT JOIN retention_class c ON c.name = here.class
		LEFT JOIN deletion_order o ON o.session_id = here.session_id
		WHERE here.state <> 'open'
			AND NOT EXISTS (SELECT FROM legal_hold h WHERE h.session_id = here.session_id AND h.released_at IS NULL)
	)
	SELECT session_id, cause, class, coalesce(reason, ''), coalesce(requested_by, ''), coalesce(approved_by, '') FROM judged
	WHERE cause IS NOT NULL ORDER BY closed_at, session_id
$$;
