/** The first bytes of viewers. What an RDP viewer says before any encryption: optional
 *  preconnection blob ([MS-RDPEPS] 2.2.1) and X.224 Connection Request ([MS-RDPBCGR] 2.2.1.1). A
 *  pure parser over bounded bytes; nothing here is authenticated and nothing is decided by it but
 *  the door and whether a session process is worth starting. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEEK_PCB_MAX_UNITS 512u
#define PEEK_PCB_MAX_BYTES (18u + 2u * PEEK_PCB_MAX_UNITS)
/** X.224 (ISO 8073 13.2.1) has a one-byte length below 255; TPKT puts five bytes around it. */
#define PEEK_X224_MAX_BYTES 259u
#define PEEK_MAX_BYTES (PEEK_PCB_MAX_BYTES + PEEK_X224_MAX_BYTES)

/** [MS-RDPBCGR] 2.2.1.1.1 requestedProtocols */
enum peek_protocol { PEEK_PROTOCOL_SSL = 1, PEEK_PROTOCOL_HYBRID = 2 };

enum peek_result {
	PEEK_DONE,
	PEEK_MORE, /**< right so far, but not complete */
	PEEK_BAD,  /**< no RDP viewer says this */
};

struct peek_request {
	/** how many bytes the preconnection blob takes; FreeRDP's server role does not read it */
	size_t pcb_bytes;
	char pcb[2 *
		 PEEK_PCB_MAX_UNITS]; /**< its text in UTF-8 when it is plain ASCII, else empty */
	/** "Cookie: mstshash=" value, or empty; mstsc cuts it short */
	char cookie[PEEK_X224_MAX_BYTES];
	uint32_t protocols; /**< 0 when the viewer did not ask: standard RDP security */
};

/** Looks at `length` bytes (at most PEEK_MAX_BYTES matter). `ret` is filled on PEEK_DONE only. */
enum peek_result peek_parse(const uint8_t *bytes, size_t length, struct peek_request *ret);

/** The ProtocolVersion that a VNC server says first (RFC 6143 7.1.1). */
#define PEEK_RFB_GREETING "RFB 003.008\n"
#define PEEK_RFB_BYTES 12u
/** A VNC viewer's answer to it, as a peek_parse: PEEK_DONE for any "RFB 003.nnn"; what versions are
 *  good for is the session's business. */
enum peek_result peek_parse_rfb(const uint8_t *bytes, size_t length, struct peek_request *ret);
