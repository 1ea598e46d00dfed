/** The configuration file: YAML bound to these structs by a schema. One file serves all
 *  programs; each reads its part.
 *
 *  Unknown keys, wrong types and values out of range are refused with line and column. Secrets
 *  never stand in the file: it names files (0600) that hold them. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct config_listen {
	char *address; /**< numeric address; default 127.0.0.1 */
	uint16_t port; /**< 0 switches the listener off */
};

struct config_gateway {
	struct config_listen rdp, vnc;
	char *certificate_file; /**< PEM chain shown to viewers */
	char *private_key_file; /**< PEM, 0600 */
	char *master_key_file;	/**< 32 bytes in hex, 0600: seals target passwords and tickets */
	char *session_program;	/**< path of vitrine-session; default: beside this program */
	/** own uid per session, base + slot, where we may switch; 0: do not switch */
	uint32_t session_uid_base;
	uint32_t max_sessions;
	uint32_t max_per_address;	/**< connections from one source address at the same time */
	uint32_t handshake_deadline_ms; /**< accept until login decided */
	uint32_t dial_timeout_ms;
	uint32_t spare_sessions; /**< processes kept ready, started and confined ahead */
	/** a session whose recorder is away is frozen this long, then ended in order */
	uint32_t unrecorded_limit_s;
	uint32_t max_width_px, max_height_px;
};

/** The node log and where its heads are told (docs/recorder.md). */
struct config_log {
	/** a head is signed this long after new leaves, at most; default 10 */
	uint32_t head_seconds;
	uint32_t publish_seconds; /**< the newest head is told outside this often; default 900 */
	char *syslog_socket;	  /**< "/dev/log"; empty: not told there */
	char *head_file;       /**< heads are appended to it; best on another mount; empty: none */
	char *witness_url;     /**< heads are posted there; empty: none */
	char *witness_ca_file; /**< PEM; empty: the system's */
	char *witness_certificate_file,
		*witness_key_file; /**< ours, where the witness asks for one; PEM, the key 0600 */
};

struct config_time_stamp {
	char *url;	   /**< of the authority (RFC 3161 over HTTP or HTTPS); empty: no stamps */
	char *ca_file;	   /**< PEM: whom its certificates must lead to */
	char *tls_ca_file; /**< PEM, for https; empty: the system's */
	char *tls_certificate_file,
		*tls_key_file; /**< ours, where the authority asks for one; PEM, the key 0600 */
	uint32_t checkpoint_seconds; /**< stamp a checkpoint this often as well; 0: seals only */
};

struct config_recorder {
	char *socket_path;	/**< gateway connects here (SOCK_SEQPACKET) */
	char *live_socket_path; /**< web connects here (SOCK_STREAM) */
	char *store_dir;	/**< recordings lie here */
	/** Exactly one of three: PEM ECDSA P-256, 0600; the name of a systemd credential; a
	 *  PKCS#11 URI without a PIN. */
	char *signing_key_file, *signing_key_credential, *signing_key_uri;
	char *signing_key_pin_file; /**< PIN of the token, 0600 */
	char *pkcs11_module;	    /**< the token's library; empty: as OpenSSL is configured */
	char *signing_certificate_file;
	bool *encryption; /**< of recordings at rest; never NULL after config_load; default true */
	char *archive_certificate_file; /**< PEM, EC P-256: data keys are sealed to it */
	/** PEM, EC P-256: of grants that say so, keystrokes are sealed to it; or none */
	char *keystroke_certificate_file;
	/** on a tmpfs: data keys of running recordings; default: where socket_path lies */
	char *running_key_dir;
	char *quality;	      /**< "evidence", "standard" or "economy" */
	uint32_t reserve_mib; /**< below this much free space new sessions are refused */
	/** What one session may cost; 0 takes the default, see config.c. */
	uint32_t session_mib_per_hour, session_mib;
	uint32_t canvas_mib, session_canvas_mib; /**< memory for all canvases, and for one */
	uint32_t workers;			 /**< encoder threads; 0: one per core */
	uint32_t self_check_every; /**< one recording in so many is decoded while it is written */
	struct config_log log;
	struct config_time_stamp time_stamp;
};

struct config_web {
	struct config_listen https;
	char *certificate_file, *private_key_file;
	/** PEM, 0600: opens encrypted recordings; NULL: they cannot be played */
	char *archive_key_file;
	char *console_dir; /**< static files of the console */
};

struct config_export {
	char *certificate_file; /**< PEM: of the key that signs evidence files */
	/** Exactly one of three, as in config_recorder: PEM EC P-256, 0600; a systemd
	 *  credential; a PKCS#11 URI. */
	char *private_key_file, *private_key_credential, *private_key_uri;
	char *private_key_pin_file, *pkcs11_module;
	/** where vitrine-web puts files asked for at the console; NULL: none can be */
	char *spool_dir;
	uint32_t keep_hours; /**< how long they lie there */
	char *ca_file;	     /**< PEM: whom certificates are judged by; NULL: nobody */
	/** who may export keys and other events: "auditor" (default: auditors and
	 *  administrators), "admin" or "nobody" */
	char *timelines;
};

struct config_database {
	/** libpq conninfo without role and password: "host=/run/... dbname=vitrine" */
	char *conninfo;
	char *gateway_role, *recorder_role, *web_role,
		*admin_role; /**< defaults vitrine_gateway ... */
};

struct config {
	char *node; /**< this machine's name in records; default "node1" */
	bool debug;
	struct config_gateway gateway;
	struct config_recorder recorder;
	struct config_web web;
	struct config_export export;
	struct config_database database;
};

/** Where programs look when --config is not given. */
#define CONFIG_DEFAULT_PATH "/etc/vitrine/vitrine.yaml"

enum config_error {
	CONFIG_ERROR_READ,    /**< a file that is named cannot be read, or others can read it */
	CONFIG_ERROR_INVALID, /**< what stands there is not what this key takes, or it is missing */
};
#define CONFIG_ERROR config_error_quark()
GQuark config_error_quark(void);

/** Reads and checks a file. On success the caller owns the result (config_free). On failure NULL
 *  and an error whose text names file, line and column and what to write instead. */
struct config *config_load(const char *path, GError **error);
/** NULL is fine. */
void config_free(struct config *config);

/** For values that only some programs need. False and an error that names `key`
 *  ("web.console_dir") when there is none. */
bool config_require(const char *value, const char *key, GError **error);

/** Reads a secret file: regular, owned by us or root, no access for group and others. Text
 *  without its trailing newline.
 *  NULL and an error that says which command mends it. Free with secret_free. */
char *config_read_secret_file(const char *path, GError **error);
/** The same for a systemd credential, by its name in $CREDENTIALS_DIRECTORY. systemd lets the
 *  service's user read it through an access list, which shows as the group's bits, so those may be
 *  set. */
char *config_read_credential(const char *name, GError **error);
