-- Keystrokes may be sealed to a key of their own: two answers became three.
ALTER TABLE access_grant
	ALTER record_keys DROP DEFAULT,
	ALTER record_keys TYPE text USING CASE WHEN record_keys THEN 'on' ELSE 'off' END,
	ALTER record_keys SET DEFAULT 'on',
	ADD CHECK (record_keys IN ('on', 'off', 'sealed'));
