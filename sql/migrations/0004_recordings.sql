-- The index over the store. No reference to session: the recorder has no right to look there, and must be able to write these rows again
-- from the store alone.
CREATE TABLE recording (
	session_id uuid PRIMARY KEY,
	node text NOT NULL,
	quality text NOT NULL,
	state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'sealed', 'failed')),
	started_at timestamptz NOT NULL,
	closed_at timestamptz,
	head text NOT NULL DEFAULT '' CHECK (head ~ '^([0-9a-f]{64})?$'),
	detail text NOT NULL DEFAULT '',
	CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX recording_started ON recording (started_at DESC, session_id);
CREATE INDEX recording_open ON recording (node) WHERE state = 'open';

CREATE TABLE segment (
	session_id uuid NOT NULL REFERENCES recording ON DELETE CASCADE,
	number integer NOT NULL CHECK (number >= 1),
	file text NOT NULL CHECK (file ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
	init_file text NOT NULL CHECK (init_file ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
	timeline_file text NOT NULL CHECK (timeline_file ~ '^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$'),
	bytes bigint NOT NULL CHECK (bytes >= 0),
	start_us bigint NOT NULL CHECK (start_us >= 0),
	duration_us bigint NOT NULL CHECK (duration_us >= 0),
	frames bigint NOT NULL CHECK (frames >= 0),
	width_px integer NOT NULL CHECK (width_px > 0),
	height_px integer NOT NULL CHECK (height_px > 0),
	codec text NOT NULL CHECK (codec ~ '^[A-Za-z0-9.]{1,63}$'),
	sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
	PRIMARY KEY (session_id, number)
);

-- A recording row belongs to the same live list as its session.
CREATE FUNCTION recording_notify() RETURNS trigger LANGUAGE plpgsql SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM pg_notify('vitrine_session', NEW.session_id::text);
	RETURN NULL;
END
$$;
CREATE TRIGGER recording_notify AFTER INSERT OR UPDATE ON recording FOR EACH ROW EXECUTE FUNCTION recording_notify();
CREATE TRIGGER segment_notify AFTER INSERT ON segment FOR EACH ROW EXECUTE FUNCTION recording_notify();
