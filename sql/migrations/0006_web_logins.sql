-- Console logins. The cookie itself is nowhere in here: whoever reads this table cannot become anybody.
CREATE TABLE web_login (
	token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
	user_id bigint NOT NULL REFERENCES app_user ON DELETE CASCADE,
	csrf text NOT NULL,
	address text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);
CREATE INDEX web_login_user ON web_login (user_id);
