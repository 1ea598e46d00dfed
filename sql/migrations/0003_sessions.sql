-- What was. Names are text and not references: a session stays readable when its user and target are long gone.
CREATE TABLE session (
	id uuid PRIMARY KEY,
	node text NOT NULL,
	login text NOT NULL,
	target text NOT NULL,
	account text NOT NULL,
	front text NOT NULL CHECK (front IN ('rdp', 'vnc')),
	back text NOT NULL CHECK (back IN ('rdp', 'vnc')),
	door text NOT NULL,
	viewer_address text NOT NULL,
	viewer_name text NOT NULL,
	state text NOT NULL DEFAULT 'opening' CHECK (state IN ('opening', 'running', 'ended')),
	width_px integer NOT NULL DEFAULT 0 CHECK (width_px >= 0),
	height_px integer NOT NULL DEFAULT 0 CHECK (height_px >= 0),
	opened_at timestamptz NOT NULL,
	running_at timestamptz,
	ended_at timestamptz,
	end_reason text NOT NULL DEFAULT 'none',
	end_detail text NOT NULL DEFAULT '',
	CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX session_opened ON session (opened_at DESC, id);
CREATE INDEX session_alive ON session (node) WHERE state <> 'ended';
CREATE INDEX session_login ON session (lower(login), opened_at DESC);
CREATE INDEX session_target ON session (lower(target), opened_at DESC);

CREATE TABLE session_command (
	number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
	kind text NOT NULL CHECK (kind = 'terminate'),
	reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500 AND reason !~ '[[:cntrl:]]'),
	by_login text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	taken_at timestamptz
);
CREATE INDEX session_command_waiting ON session_command (session_id) WHERE taken_at IS NULL;

-- Commands reach the gateway of the session's node at once; live lists hear of every change of a session.
CREATE FUNCTION session_command_notify() RETURNS trigger LANGUAGE plpgsql SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM pg_notify('vitrine_command', (SELECT node FROM session WHERE id = NEW.session_id));
	RETURN NULL;
END
$$;
CREATE TRIGGER session_command_notify AFTER INSERT ON session_command FOR EACH ROW EXECUTE FUNCTION session_command_notify();

CREATE FUNCTION session_notify() RETURNS trigger LANGUAGE plpgsql SET search_path = vitrine, pg_temp AS $$
BEGIN
	PERFORM pg_notify('vitrine_session', NEW.id::text);
	RETURN NULL;
END
$$;
CREATE TRIGGER session_notify AFTER INSERT OR UPDATE ON session FOR EACH ROW EXECUTE FUNCTION session_notify();
