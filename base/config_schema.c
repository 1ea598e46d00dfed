/* The configuration file as a table: one row per key, bound to the structs of base/config.h.
 * Defaults and ranges stand in config.c, because libcyaml knows types only. */
#include "base/config_schema.h"

#include "base/config.h"

#include <limits.h>

#define TEXT(type, key)                                                                            \
	CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, key,   \
			       0, PATH_MAX)
#define NUMBER(type, key) CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, struct type, key)
#define SWITCH(type, key) CYAML_FIELD_BOOL(#key, CYAML_FLAG_OPTIONAL, struct type, key)
#define SECTION(type, key, fields)                                                                 \
	CYAML_FIELD_MAPPING(#key, CYAML_FLAG_OPTIONAL, struct type, key, fields)

static const cyaml_schema_field_t listen_fields[] = {
	TEXT(config_listen, address),
	NUMBER(config_listen, port),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t gateway_fields[] = {
	SECTION(config_gateway, rdp, listen_fields), SECTION(config_gateway, vnc, listen_fields),
	TEXT(config_gateway, certificate_file),	     TEXT(config_gateway, private_key_file),
	TEXT(config_gateway, master_key_file),	     TEXT(config_gateway, session_program),
	NUMBER(config_gateway, session_uid_base),    NUMBER(config_gateway, max_sessions),
	NUMBER(config_gateway, max_per_address),     NUMBER(config_gateway, handshake_deadline_ms),
	NUMBER(config_gateway, dial_timeout_ms),     NUMBER(config_gateway, spare_sessions),
	NUMBER(config_gateway, unrecorded_limit_s),  NUMBER(config_gateway, max_width_px),
	NUMBER(config_gateway, max_height_px),	     CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
	NUMBER(config_log, head_seconds),
	NUMBER(config_log, publish_seconds),
	TEXT(config_log, syslog_socket),
	TEXT(config_log, head_file),
	TEXT(config_log, witness_url),
	TEXT(config_log, witness_ca_file),
	TEXT(config_log, witness_certificate_file),
	TEXT(config_log, witness_key_file),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t time_stamp_fields[] = {
	TEXT(config_time_stamp, url),
	TEXT(config_time_stamp, ca_file),
	TEXT(config_time_stamp, tls_ca_file),
	TEXT(config_time_stamp, tls_certificate_file),
	TEXT(config_time_stamp, tls_key_file),
	NUMBER(config_time_stamp, checkpoint_seconds),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t recorder_fields[] = {
	TEXT(config_recorder, socket_path),
	TEXT(config_recorder, live_socket_path),
	TEXT(config_recorder, store_dir),
	TEXT(config_recorder, signing_key_file),
	TEXT(config_recorder, signing_key_credential),
	TEXT(config_recorder, signing_key_uri),
	TEXT(config_recorder, signing_key_pin_file),
	TEXT(config_recorder, pkcs11_module),
	TEXT(config_recorder, signing_certificate_file),
	CYAML_FIELD_BOOL_PTR("encryption", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct config_recorder, encryption),
	TEXT(config_recorder, archive_certificate_file),
	TEXT(config_recorder, keystroke_certificate_file),
	TEXT(config_recorder, running_key_dir),
	TEXT(config_recorder, quality),
	NUMBER(config_recorder, reserve_mib),
	NUMBER(config_recorder, session_mib_per_hour),
	NUMBER(config_recorder, session_mib),
	NUMBER(config_recorder, canvas_mib),
	NUMBER(config_recorder, session_canvas_mib),
	NUMBER(config_recorder, workers),
	NUMBER(config_recorder, self_check_every),
	SECTION(config_recorder, log, log_fields),
	SECTION(config_recorder, time_stamp, time_stamp_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t web_fields[] = {
	SECTION(config_web, https, listen_fields),
	TEXT(config_web, certificate_file),
	TEXT(config_web, private_key_file),
	TEXT(config_web, archive_key_file),
	TEXT(config_web, console_dir),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t export_fields[] = {
	TEXT(config_export, certificate_file),
	TEXT(config_export, private_key_file),
	TEXT(config_export, private_key_credential),
	TEXT(config_export, private_key_uri),
	TEXT(config_export, private_key_pin_file),
	TEXT(config_export, pkcs11_module),
	TEXT(config_export, spool_dir),
	NUMBER(config_export, keep_hours),
	TEXT(config_export, ca_file),
	TEXT(config_export, timelines),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t database_fields[] = {
	TEXT(config_database, conninfo),      TEXT(config_database, gateway_role),
	TEXT(config_database, recorder_role), TEXT(config_database, web_role),
	TEXT(config_database, admin_role),    CYAML_FIELD_END,
};

static const cyaml_schema_field_t top_fields[] = {
	TEXT(config, node),
	SWITCH(config, debug),
	SECTION(config, gateway, gateway_fields),
	SECTION(config, recorder, recorder_fields),
	SECTION(config, web, web_fields),
	SECTION(config, export, export_fields),
	SECTION(config, database, database_fields),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t config_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, top_fields),
};
