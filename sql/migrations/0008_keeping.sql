-- How long recordings are kept. What a class says counts for all its recordings, old ones too; which class a recording has is settled when its
-- session begins. Nothing is deleted unless somebody set a limit.
CREATE TABLE retention_class (
	name entry_name PRIMARY KEY,
	keep_days integer CHECK (keep_days BETWEEN 1 AND 36500), -- NULL: for ever
	max_bytes bigint CHECK (max_bytes > 0) -- of all recordings of the class on one node, the oldest go first; NULL: any
);
INSERT INTO retention_class (name) VALUES ('standard');
ALTER TABLE target ADD retention_class entry_name NOT NULL DEFAULT 'standard' REFERENCES retention_class;
ALTER TABLE session ADD retention_class text NOT NULL DEFAULT 'standard';

CREATE FUNCTION session_retention() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	NEW.retention_class := coalesce((SELECT retention_class FROM target WHERE lower(name) = lower(NEW.target)), 'standard');
	RETURN NEW;
END
$$;
CREATE TRIGGER session_retention BEFORE INSERT ON session FOR EACH ROW EXECUTE FUNCTION session_retention();

-- A recording that is being deleted has written its tombstone, or is about to: only forward from there.
ALTER TABLE recording DROP CONSTRAINT recording_state_check,
	ADD CONSTRAINT recording_state_check CHECK (state IN ('open', 'sealed', 'failed', 'deleting', 'deleted')),
	ADD tombstone_sha256 text NOT NULL DEFAULT '' CHECK (tombstone_sha256 ~ '^([0-9a-f]{64})?$'),
	ADD deletion_cause text NOT NULL DEFAULT '' CHECK (deletion_cause IN ('', 'age', 'size', 'order'));

CREATE DOMAIN reason_text AS text CHECK (length(VALUE) BETWEEN 1 AND 500 AND VALUE !~ '[[:cntrl:]]');

CREATE TABLE legal_hold (
	number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	session_id uuid NOT NULL REFERENCES recording,
	reason reason_text NOT NULL,
	placed_by text NOT NULL,
	placed_at timestamptz NOT NULL DEFAULT now(),
	released_by text,
	released_at timestamptz,
	CHECK ((released_by IS NULL) = (released_at IS NULL))
);
CREATE UNIQUE INDEX legal_hold_in_force ON legal_hold (session_id) WHERE released_at IS NULL;

-- Deleting before the time takes two people.
CREATE TABLE deletion_order (
	session_id uuid PRIMARY KEY REFERENCES recording,
	reason reason_text NOT NULL,
	requested_by text NOT NULL,
	requested_at timestamptz NOT NULL DEFAULT now(),
	approved_by text,
	approved_at timestamptz,
	CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
	CONSTRAINT deletion_takes_two CHECK (lower(approved_by) <> lower(requested_by))
);

-- The row lock makes holds and deletions of one recording wait for each other; whoever comes second sees what the first did.
CREATE FUNCTION recording_is_kept(id uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
DECLARE
	now_state text;
BEGIN
	SELECT state INTO now_state FROM recording WHERE session_id = id FOR UPDATE;
	IF now_state IN ('deleting', 'deleted') THEN
		RAISE EXCEPTION 'the recording of session % is deleted already', id USING ERRCODE = 'exclusion_violation';
	END IF;
END
$$;

CREATE FUNCTION legal_hold_check() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM recording_is_kept(NEW.session_id);
	RETURN NEW;
END
$$;
CREATE TRIGGER legal_hold_check BEFORE INSERT ON legal_hold FOR EACH ROW EXECUTE FUNCTION legal_hold_check();

CREATE FUNCTION deletion_order_check() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM recording_is_kept(NEW.session_id);
	IF EXISTS (SELECT FROM legal_hold WHERE session_id = NEW.session_id AND released_at IS NULL) THEN
		RAISE EXCEPTION 'the recording of session % is under legal hold', NEW.session_id USING ERRCODE = 'exclusion_violation';
	END IF;
	IF NEW.approved_by IS NOT NULL THEN
		PERFORM pg_notify('vitrine_deletion', (SELECT node FROM recording WHERE session_id = NEW.session_id));
	END IF;
	RETURN NEW;
END
$$;
CREATE TRIGGER deletion_order_check BEFORE INSERT OR UPDATE ON deletion_order FOR EACH ROW EXECUTE FUNCTION deletion_order_check();

-- What the recorder of a node has to delete now. It sees this and nothing else of holds, orders and classes.
CREATE FUNCTION deletion_due(of_node text) RETURNS TABLE (session_id uuid, cause text, class text, reason text, requested_by text, approved_by text)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
	WITH here AS (
		SELECT r.session_id, r.state, r.closed_at, r.deletion_cause, coalesce(s.retention_class, 'standard') AS class,
			sum(b.bytes) OVER (PARTITION BY coalesce(s.retention_class, 'standard') ORDER BY r.started_at DESC, r.session_id) AS bytes_from_newest
		FROM recording r
		LEFT JOIN session s ON s.id = r.session_id
		CROSS JOIN LATERAL (SELECT coalesce(sum(g.bytes), 0) AS bytes FROM segment g WHERE g.session_id = r.session_id) b
		WHERE r.node = of_node AND r.state <> 'deleted'
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

-- From here on the deletion goes through. False: a hold came first, or it is not due any more.
CREATE FUNCTION deletion_claim(id uuid, of_node text, for_cause text) RETURNS boolean
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM FROM recording WHERE session_id = id FOR UPDATE;
	IF NOT EXISTS (SELECT FROM deletion_due(of_node) d WHERE d.session_id = id AND d.cause = for_cause) THEN
		RETURN false;
	END IF;
	UPDATE recording SET state = 'deleting', deletion_cause = for_cause WHERE session_id = id;
	RETURN true;
END
$$;

-- The record of it is written here: the recorder has no right to write audit records of its own.
CREATE FUNCTION deletion_finish(id uuid, tombstone text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = vitrine, pg_temp AS $$
DECLARE
	was recording;
	ordered deletion_order;
BEGIN
	SELECT * INTO was FROM recording WHERE session_id = id FOR UPDATE;
	IF was.state = 'deleted' AND was.tombstone_sha256 = tombstone THEN
		RETURN;
	END IF;
	IF was.state IS DISTINCT FROM 'deleting' THEN
		RAISE EXCEPTION 'the deletion of recording % was never claimed', id USING ERRCODE = 'check_violation';
	END IF;
	SELECT * INTO ordered FROM deletion_order WHERE session_id = id;
	UPDATE recording SET state = 'deleted', tombstone_sha256 = tombstone WHERE session_id = id;
	INSERT INTO audit (program, actor, action, subject, address, detail) VALUES (session_user, '', 'recording-deleted', id::text, '',
		jsonb_strip_nulls(jsonb_build_object('cause', was.deletion_cause, 'tombstone_sha256', tombstone,
			'requested_by', ordered.requested_by, 'approved_by', ordered.approved_by, 'reason', ordered.reason)));
END
$$;
