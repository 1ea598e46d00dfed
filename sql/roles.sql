-- The database roles: one per program with the least it needs, and an owner nobody logs in as.
-- `vitrine migrate` runs this first, every time. What exists already stays as it is, so that after the first run a member of
-- vitrine_owner without CREATEROLE is enough. Passwords are not set here: peer authentication, or whatever pg_hba.conf asks for.
DO $$
DECLARE
	role_name text;
BEGIN
	FOREACH role_name IN ARRAY ARRAY['vitrine_owner', 'vitrine_gateway', 'vitrine_recorder', 'vitrine_web', 'vitrine_admin'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
			EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role_name,
			               CASE role_name WHEN 'vitrine_owner' THEN 'NOLOGIN' ELSE 'LOGIN' END);
		END IF;
		IF NOT has_database_privilege(role_name, current_database(), 'CONNECT') THEN
			EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role_name);
		END IF;
	END LOOP;
	IF NOT has_database_privilege('vitrine_owner', current_database(), 'CREATE') THEN
		EXECUTE format('GRANT CREATE ON DATABASE %I TO vitrine_owner', current_database());
	END IF;
END
$$;
