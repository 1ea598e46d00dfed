/** Live protocol: vitrine-web watches one running recording per stream connection to the recorder's
 *  live socket.
 *
 *  Every packet is {u32 length of the rest, u16 kind, u16 flags, payload}, little-endian, length at
 *  most LIVE_MAX_BYTES.
 *
 *      web -> recorder   LIVE_WATCH   once: which session, for whom (struct live_request)
 *                        LIVE_REFRESH begin anew: what waits is dropped, LIVE_OPEN and an IDR
 *                        follow
 *      recorder -> web   LIVE_OPEN    u32 width, u32 height, codec string ("avc1.42c028");
 *                                     at the start and after every resize
 *                        LIVE_UNIT    u64 pts_us, Annex B access unit; flag LIVE_KEY on an IDR
 *                                     (which carries SPS and PPS)
 *                        LIVE_END     end reason key (text); or "no-such-session"
 *
 *  A watcher that joins gets an IDR at once. One that cannot keep up loses delta units until the
 *  next IDR, never the recording a frame. That somebody watches is a line of the recording's own
 *  timeline: nobody is shown a picture without having been named. */
#pragma once

#include "ipc/message.h"

#define LIVE_MAX_BYTES (8u << 20)
#define LIVE_HEADER_BYTES 8u

enum live_kind { LIVE_WATCH = 1, LIVE_OPEN, LIVE_UNIT, LIVE_END, LIVE_REFRESH };
enum live_flag { LIVE_KEY = 1 };

/** The payload of LIVE_WATCH, as ipc/message.h encodes it. */
struct live_request {
	char *session_id; /**< 36 bytes */
	char *account;	  /**< whose login watches, as the web program says; never empty */
	char *address;	  /**< where from, numeric */
};
extern const struct message_type live_request_type;
