-- One-time passwords for the NLA door. They hang on a grant: without it they open nothing and are gone.
CREATE TABLE ticket (
	id uuid PRIMARY KEY,
	grant_id bigint NOT NULL REFERENCES access_grant ON DELETE CASCADE,
	nt_hash_sealed bytea NOT NULL CHECK (length(nt_hash_sealed) BETWEEN 29 AND 8192),
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz
);
CREATE INDEX ticket_grant ON ticket (grant_id);
