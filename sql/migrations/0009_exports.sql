-- Evidence files that were asked for at the console. vitrine-web makes them one after the other, and after a restart goes on with what it had begun.
CREATE TABLE export_job (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	session_id uuid NOT NULL REFERENCES recording,
	node text NOT NULL, -- whose spool has the file
	login text NOT NULL,
	reason reason_text NOT NULL,
	from_us bigint NOT NULL CHECK (from_us >= 0),
	to_us bigint CHECK (to_us > from_us), -- NULL: as far as it goes
	without_timeline boolean NOT NULL,
	state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'ready', 'failed', 'cancelled', 'expired')),
	done_bytes bigint NOT NULL DEFAULT 0 CHECK (done_bytes >= 0),
	total_bytes bigint NOT NULL DEFAULT 0 CHECK (total_bytes >= 0),
	video_sha256 text NOT NULL DEFAULT '' CHECK (video_sha256 ~ '^([0-9a-f]{64})?$'),
	detail text NOT NULL DEFAULT '', -- why it failed
	created_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz
);
CREATE INDEX export_job_session ON export_job (session_id, created_at DESC);
CREATE INDEX export_job_waiting ON export_job (node, created_at) WHERE state IN ('waiting', 'running');
