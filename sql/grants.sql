-- Who may do what, the whole of it, at one place. `vitrine migrate` runs this as vitrine_owner after the last migration: first
-- everything is taken away, then exactly this is given.
REVOKE ALL ON ALL TABLES IN SCHEMA vitrine FROM PUBLIC, vitrine_gateway, vitrine_recorder, vitrine_web, vitrine_admin;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA vitrine FROM PUBLIC, vitrine_gateway, vitrine_recorder, vitrine_web, vitrine_admin;
REVOKE ALL ON SCHEMA vitrine FROM PUBLIC;
GRANT USAGE ON SCHEMA vitrine TO vitrine_gateway, vitrine_recorder, vitrine_web, vitrine_admin;
GRANT SELECT ON schema_migration TO vitrine_gateway, vitrine_recorder, vitrine_web, vitrine_admin;

-- vitrine-gateway decides about logins and hands out target secrets. It makes no users, targets or grants.
GRANT SELECT ON app_user, target, account, access_grant TO vitrine_gateway;
GRANT UPDATE (last_login_at) ON app_user TO vitrine_gateway;
GRANT SELECT, DELETE, UPDATE (used_at) ON ticket TO vitrine_gateway;
GRANT SELECT, INSERT, UPDATE (state, width_px, height_px, running_at, ended_at, end_reason, end_detail) ON session TO vitrine_gateway;
GRANT SELECT, UPDATE (taken_at) ON session_command TO vitrine_gateway;

-- vitrine-recorder knows recordings and nothing of who may do what.
GRANT SELECT, INSERT, UPDATE ON recording, segment TO vitrine_recorder;
REVOKE EXECUTE ON FUNCTION recording_is_kept(uuid), deletion_due(text), deletion_claim(uuid, text, text), deletion_finish(uuid, text),
	recording_note_missing(uuid, text), recording_note_found(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deletion_due(text), deletion_claim(uuid, text, text), deletion_finish(uuid, text),
	recording_note_missing(uuid, text), recording_note_found(uuid, text) TO vitrine_recorder;

-- vitrine-web checks console logins, shows, and may ask for a session's end. No sealed secret is readable to it.
GRANT SELECT (id, login, password_hash, role, disabled, created_at, last_login_at) ON app_user TO vitrine_web;
GRANT UPDATE (last_login_at) ON app_user TO vitrine_web;
GRANT SELECT ON target, access_grant TO vitrine_web;
GRANT SELECT (id, target_id, name, domain, created_at) ON account TO vitrine_web;
GRANT SELECT ON session, recording, segment, session_command TO vitrine_web;
GRANT INSERT (session_id, kind, reason, by_login) ON session_command TO vitrine_web;
GRANT SELECT, INSERT, DELETE ON web_login TO vitrine_web;

-- Holds are kept for good, with who released them; a deletion takes two people, whichever way they come.
GRANT SELECT, INSERT (session_id, reason, placed_by), UPDATE (released_by, released_at) ON legal_hold TO vitrine_web, vitrine_admin;
GRANT SELECT, INSERT (session_id, reason, requested_by), DELETE, UPDATE (approved_by, approved_at) ON deletion_order TO vitrine_web, vitrine_admin;
GRANT SELECT ON retention_class TO vitrine_web;
GRANT SELECT, INSERT, DELETE, UPDATE (keep_days, max_bytes) ON retention_class TO vitrine_admin;

-- vitrine (command line): administration. It seals secrets and cannot read them back.
GRANT SELECT (id, login, role, disabled, created_at, last_login_at), INSERT, DELETE, UPDATE (password_hash, role, disabled)
	ON app_user TO vitrine_admin;
GRANT SELECT, INSERT, DELETE, UPDATE (host, port, security, certificate_sha256, ca_pem, retention_class) ON target TO vitrine_admin;
GRANT SELECT (id, target_id, name, domain, created_at), INSERT, DELETE, UPDATE (secret_sealed) ON account TO vitrine_admin;
GRANT SELECT, INSERT, DELETE, UPDATE (idle_limit_s, banner, record_keys, quality) ON access_grant TO vitrine_admin;
GRANT SELECT (id, grant_id, created_at, expires_at, used_at), INSERT ON ticket TO vitrine_admin;
GRANT SELECT ON session, recording, segment, session_command TO vitrine_admin;
GRANT INSERT (session_id, kind, reason, by_login) ON session_command TO vitrine_admin;
GRANT SELECT (user_id), DELETE ON web_login TO vitrine_admin;

-- Exports at the console.
GRANT SELECT, INSERT (session_id, node, login, reason, from_us, to_us, without_timeline, by_policy, operations),
	UPDATE (state, done_bytes, total_bytes, video_sha256, detail, finished_at) ON export_job TO vitrine_web;
GRANT SELECT ON export_job TO vitrine_admin;

-- The audit trail: added to and read. Number, time and program come from the database, never from the writer.
GRANT INSERT (actor, action, subject, address, detail) ON audit TO vitrine_gateway, vitrine_web, vitrine_admin;
GRANT SELECT ON audit TO vitrine_web, vitrine_admin;
-- Each record gets a leaf in the node log (docs/evidence-format.md).
GRANT SELECT ON audit TO vitrine_recorder;
