/** A process that runs the RDP front for one viewer over a double of the session core. Lines go in
 *  (what the target does) and come out (what the viewer did), so that a test or a person can drive
 *  it:
 *
 *      in:   paint SEED            the whole picture anew          rect X Y W H SEED   a part of it
 *            copy X Y W H FX FY moved inside the picture resize W H the target's new size
 *            cursor SEED | none    shape move X Y pointer moved by the target
 *            clip TEXT             target's clipboard notice [TEXT] words over the picture
 *            end KEY               session_end with that reason
 *      out:  running, key ..., pointer ..., sync N, release, size W H, clip TEXT, login ..., proof
 *            ..., view ..., end KEY */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum host_answer {
	HOST_CHECK, /**< look at the password as a gateway does */
	HOST_EMPTY, /**< NLA: say yes, but with an empty verifier */
	HOST_ERROR, /**< NLA: no answer, but rubbish left where the verifier belongs */
};

struct host_options {
	bool nla;
	enum host_answer answer;
	uint32_t handshake_deadline_ms;
	uint32_t width_px, height_px; /**< the target's size; 0: what the viewer wants */
	int control_in, control_out;
	const char *certificate_pem;
	char *private_key_pem;
};

/** The only login it knows. */
#define HOST_USER "alice"
#define HOST_PASSWORD "correct horse"

/** Runs to the session's end. `viewer_fd` is taken. rdp_front.prepare must have been called. */
void front_host_run(int viewer_fd, const struct host_options *options);

/** The colour of a pixel after "paint SEED": what tests compare with. BGRX. */
uint32_t front_host_pixel(uint32_t x, uint32_t y, uint32_t seed);

/** EC key and self-signed certificate as PEM (g_free both). */
void front_host_certificate(char **ret_certificate, char **ret_key);
