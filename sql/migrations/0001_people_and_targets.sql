-- Times travel between programs as microseconds since 1970 UTC and lie in tables as timestamptz.
CREATE FUNCTION utc_us(timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (extract(epoch FROM $1) * 1000000)::bigint;
CREATE FUNCTION at_utc_us(bigint) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
	RETURN timestamptz '1970-01-01 00:00:00+00' + $1 * interval '1 microsecond';

-- '%' separates names in what viewers send, ':' in what sealed secrets are bound to; the others keep out of logs and paths.
CREATE DOMAIN entry_name AS text CHECK (VALUE ~ '^[^[:cntrl:]%/\\:"'']{1,64}$' AND VALUE = btrim(VALUE));

CREATE TABLE app_user (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	login entry_name NOT NULL,
	password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
	role text NOT NULL CHECK (role IN ('user', 'watcher', 'auditor', 'admin')),
	disabled boolean NOT NULL DEFAULT false,
	created_at timestamptz NOT NULL DEFAULT now(),
	last_login_at timestamptz
);
CREATE UNIQUE INDEX app_user_login ON app_user (lower(login));

CREATE TABLE target (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name entry_name NOT NULL,
	protocol text NOT NULL CHECK (protocol IN ('rdp', 'vnc')),
	host text NOT NULL CHECK (host ~ '^[A-Za-z0-9._:-]{1,253}$'),
	port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
	-- enum target_security: 1 TLS with a pinned or checked certificate, 2 plain (VNC only)
	security integer NOT NULL CHECK (security = 1 OR (security = 2 AND protocol = 'vnc')),
	certificate_sha256 text NOT NULL DEFAULT '' CHECK (certificate_sha256 ~ '^([0-9a-f]{64})?$'),
	ca_pem text NOT NULL DEFAULT '' CHECK (length(ca_pem) <= 32768),
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX target_name ON target (lower(name));

CREATE TABLE account (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	target_id bigint NOT NULL REFERENCES target ON DELETE CASCADE,
	name entry_name NOT NULL,
	domain text NOT NULL DEFAULT '' CHECK (domain ~ '^[^[:cntrl:]]{0,255}$'),
	secret_sealed bytea NOT NULL CHECK (length(secret_sealed) BETWEEN 29 AND 8192),
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX account_name ON account (target_id, lower(name));

CREATE TABLE access_grant (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id bigint NOT NULL REFERENCES app_user ON DELETE CASCADE,
	account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (user_id, account_id)
);
CREATE INDEX access_grant_account ON access_grant (account_id);
