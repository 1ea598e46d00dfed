/** Broker protocol: vitrine-session (confined, hostile-exposed) asks, vitrine-gateway (trusted)
 *  decides.
 *
 *      session              gateway
 *      READY        ----->           libraries loaded, sandbox entered, no viewer yet
 *                   <-----  START + 1 fd (the viewer's socket)
 *      NLA_PROOF    ----->           only through the NLA door
 *                   <-----  NLA_ANSWER
 *      LOGIN        ----->           once
 *                   <-----  LOGIN_ANSWER
 *      DIAL         ----->           once, after an allowing LOGIN_ANSWER
 *                   <-----  RECORDER_LINK + 1 fd (again whenever the recorder is back)
 *                   <-----  DIAL_ANSWER; TARGET_SOCKET + 1 fd right behind it when it went well
 *      RUNNING      ----->           first picture recorded and on its way
 *      ENDED        ----->           last message; the session then exits
 *                   <-----  TERMINATE, MESSAGE at any time
 *
 *  The gateway holds the table of what is legal in which state
 *  (gateway/broker/session_state.c); anything else ends the session. */
#pragma once

#include "ipc/message.h"

enum broker_type {
	BROKER_READY = 1,
	BROKER_NLA_PROOF,
	BROKER_LOGIN,
	BROKER_DIAL,
	BROKER_RUNNING,
	BROKER_ENDED,
	BROKER_START = 32,
	BROKER_NLA_ANSWER,
	BROKER_LOGIN_ANSWER,
	BROKER_RECORDER_LINK,
	BROKER_DIAL_ANSWER,
	BROKER_TARGET_SOCKET,
	BROKER_TERMINATE,
	BROKER_MESSAGE,
};

struct broker_ready {
	uint32_t confined; /**< 1: seccomp and Landlock are in force */
};

struct broker_start {
	char *session_id;      /**< UUID text */
	char *front;	       /**< "rdp" or "vnc" */
	char *viewer_address;  /**< "192.0.2.7:51234" */
	char *certificate_pem; /**< chain for TLS towards the viewer */
	char *private_key_pem; /**< secret */
	uint32_t offer_nla;    /**< 1: this connection goes through the NLA door; 0: TLS only */
	/** VNC: 1, the gateway has sent the server's ProtocolVersion already (RFC 6143 7.1.1) */
	uint32_t greeted;
	uint32_t handshake_deadline_ms;
	uint32_t max_width_px, max_height_px;
};

/** Limits of a proof's parts: many times what viewers send. */
#define BROKER_PROOF_INPUT_MAX_BYTES 8192u
#define BROKER_MIC_INPUT_MAX_BYTES 24576u

/** What the NTLM AUTHENTICATE message proves ([MS-NLMP] 3.3.2); the gateway holds the one-time
 *  passwords and does the arithmetic, so a session never sees a verifier other than
 *  the one that matched. */
struct broker_nla_proof {
	char *user, *domain;
	/** what NTProofStr is the HMAC of: server challenge and client blob, as
	 *  FreeRDP hands it over */
	struct blob proof_input;
	uint8_t encrypted_session_key[16];
	struct blob mic_input; /**< the three NTLM messages */
	uint8_t mic[16];
};

struct broker_nla_answer {
	uint32_t ok; /**< 0: refused (no such ticket, wrong, used, or an error: all alike) */
	uint8_t ntowfv2[16]; /**< only when ok */
};

enum broker_door { DOOR_PASSWORD = 1, DOOR_NLA_TICKET = 2 };

struct broker_login {
	uint32_t door;
	char *user;	/**< as the viewer sent it: "alice", "alice%web1", "alice%root%web1" */
	char *domain;	/**< may be empty */
	char *password; /**< secret; empty through the NLA door */
	char *alternate_shell; /**< "psm /u account /a target", or empty */
	char *viewer_name;     /**< the viewer's own host name, for the record only */
};

struct broker_login_answer {
	uint32_t allowed;
	uint32_t reason;	     /**< enum end_reason when not allowed */
	char *user;		     /**< canonical login name */
	char *target;		     /**< target name */
	char *back;		     /**< "rdp" or "vnc" */
	char *banner;		     /**< text to show or empty */
	uint32_t idle_limit_s;	     /**< 0: none */
	uint32_t keys_off;	     /**< 1: keys are not put on record */
	uint32_t unrecorded_limit_s; /**< without a recorder it is frozen this long, then ends */
};

struct broker_dial {
	uint32_t width_px, height_px;
};

struct broker_dial_answer {
	uint32_t reason; /**< END_NONE: TARGET_SOCKET follows */
	char *host;	 /**< name for TLS SNI, SPN and certificate */
	uint32_t port;
	char *account; /**< user name at the target; may be empty for VNC */
	char *domain;
	char *password;		  /**< secret */
	char *certificate_sha256; /**< hex pin of the target's certificate, or empty */
	char *ca_pem;		  /**< CA the target's certificate must chain to, or empty */
	uint32_t security;	  /**< enum target_security: the least that is accepted */
};

/** What the target must offer. Numbers are stored in the database. */
enum target_security {
	/** RDP: TLS or NLA; VNC: VeNCrypt X509; certificate by pin or CA. The default. */
	TARGET_TLS_PINNED = 1,
	TARGET_PLAIN =
		2, /**< VNC without TLS (None or VncAuth), only for targets an operator marked so */
};

struct broker_running {
	uint32_t width_px, height_px;
};

struct broker_ended {
	uint32_t reason; /**< enum end_reason */
	char *detail;	 /**< for the log and the audit record: no secrets */
};

struct broker_terminate {
	uint32_t reason;
	char *text; /**< the supervisor's words, shown to the viewer where its protocol can */
};

struct broker_text {
	char *text;
};

struct broker_empty {
	uint32_t reserved;
};

/** The message table; NULL for an unknown number. */
const struct message_type *broker_message_type(uint16_t number);
extern const struct message_type broker_types[];
extern const unsigned broker_n_types;
