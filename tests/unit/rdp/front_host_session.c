/* The session core of rdp_front_host: one login, a picture painted on command, every input
 * written out as a line. */
#include "base/clock.h"
#include "gateway/session/front.h"
#include "tests/unit/rdp/front_host.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <winpr/crypto.h>
#include <winpr/ntlm.h>

#define MAX_COPIES 16u

struct session {
	GMutex lock;
	const struct host_options *options;
	int event_fd;
	unsigned flags;
	enum end_reason reason;
	bool opened;
	uint32_t width, height;
	uint32_t *canvas;
	pixman_region32_t pending;
	struct picture_copy copies[MAX_COPIES];
	unsigned n_copies;
	struct cursor_shape cursor;
	int32_t x, y;
	char *target_clipboard, *notice;
};

static void say(struct session *session, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(struct session *session, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	if (write(session->options->control_out, line, strlen(line)) < 0)
		_exit(3);
}

static void raise_flags(struct session *session, unsigned flags)
{
	session->flags |= flags;
	eventfd_write(session->event_fd, 1);
}

static void paint(struct session *session, const struct rect *area, uint32_t seed)
{
	struct rect r = *area;

	if (!rect_clip(&r, session->width, session->height))
		return;
	for (uint32_t y = r.y; y < r.y + r.height; y++)
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			session->canvas[(size_t)y * session->width + x] =
				front_host_pixel(x, y, seed);
	pixman_region32_union_rect(&session->pending, &session->pending, (int)r.x, (int)r.y,
				   r.width, r.height);
	raise_flags(session, FRONT_PICTURE);
}

static void set_size(struct session *session, uint32_t width, uint32_t height)
{
	g_free(session->canvas);
	session->canvas = g_new0(uint32_t, (size_t)width * height);
	session->width = width;
	session->height = height;
	session->n_copies = 0;
	pixman_region32_clear(&session->pending);
	pixman_region32_union_rect(&session->pending, &session->pending, 0, 0, width, height);
}

/* ---- Commands ---- */

static void do_copy(struct session *session, const struct picture_copy *copy)
{
	size_t row_bytes = (size_t)copy->to.width * 4;
	g_autofree uint8_t *moved = g_malloc(row_bytes * copy->to.height);

	for (uint32_t y = 0; y < copy->to.height; y++)
		memcpy(moved + y * row_bytes,
		       session->canvas + (size_t)(copy->from_y + y) * session->width + copy->from_x,
		       row_bytes);
	for (uint32_t y = 0; y < copy->to.height; y++)
		memcpy(session->canvas + (size_t)(copy->to.y + y) * session->width + copy->to.x,
		       moved + y * row_bytes, row_bytes);
	if (session->n_copies < MAX_COPIES && !pixman_region32_not_empty(&session->pending))
		session->copies[session->n_copies++] = *copy;
	else
		pixman_region32_union_rect(&session->pending, &session->pending, (int)copy->to.x,
					   (int)copy->to.y, copy->to.width, copy->to.height);
	raise_flags(session, FRONT_PICTURE);
}

static void do_cursor(struct session *session, uint32_t seed)
{
	g_free(session->cursor.bgra);
	session->cursor = (struct cursor_shape){16, 24, 3, 5, g_malloc0(16 * 24 * 4)};
	for (uint32_t i = 0; i < 16 * 24; i++)
		if ((i / 16) % 2 == 0)
			memcpy(session->cursor.bgra + i * 4,
			       &(uint32_t){0xff000000u | (seed * 0x10203u & 0xffffffu)}, 4);
	raise_flags(session, FRONT_CURSOR_SHAPE);
}

static void obey(struct session *session, char **words)
{
	unsigned n[6] = {0}, n_words = g_strv_length(words);

	for (unsigned i = 1; i < n_words && i < 7; i++)
		n[i - 1] = (unsigned)strtoul(words[i], NULL, 10);
	if (!strcmp(words[0], "paint")) {
		paint(session, &(struct rect){0, 0, session->width, session->height}, n[0]);
	} else if (!strcmp(words[0], "rect")) {
		paint(session, &(struct rect){n[0], n[1], n[2], n[3]}, n[4]);
	} else if (!strcmp(words[0], "copy")) {
		do_copy(session, &(struct picture_copy){{n[0], n[1], n[2], n[3]}, n[4], n[5]});
	} else if (!strcmp(words[0], "resize")) {
		set_size(session, n[0], n[1]);
		raise_flags(session, FRONT_RESIZED | FRONT_PICTURE);
	} else if (!strcmp(words[0], "cursor")) {
		do_cursor(session, n[0]);
	} else if (!strcmp(words[0], "move")) {
		session->x = (int32_t)n[0];
		session->y = (int32_t)n[1];
		raise_flags(session, FRONT_CURSOR_MOVED);
	} else if (!strcmp(words[0], "clip")) {
		g_free(session->target_clipboard);
		session->target_clipboard = g_strjoinv(" ", words + 1);
		raise_flags(session, FRONT_CLIPBOARD);
	} else if (!strcmp(words[0], "notice")) {
		g_free(session->notice);
		session->notice = words[1] ? g_strjoinv(" ", words + 1) : NULL;
		raise_flags(session, FRONT_NOTICE);
	}
}

static gpointer listen_to_commands(gpointer data)
{
	struct session *session = data;
	g_autoptr(GIOChannel) channel = g_io_channel_unix_new(session->options->control_in);
	char *line = NULL;

	while (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) == G_IO_STATUS_NORMAL) {
		g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", -1);
		if (words[0] && !strcmp(words[0], "end")) {
			session_end(session, end_reason_from_key(words[1]), NULL);
		} else if (words[0]) {
			g_mutex_lock(&session->lock);
			obey(session, words);
			g_mutex_unlock(&session->lock);
		}
		g_free(line);
	}
	return NULL;
}

void front_host_run(int viewer_fd, const struct host_options *options)
{
	static struct session session;
	const struct session_start start = {
		.session_id = "11111111-2222-3333-4444-555555555555",
		.viewer_address = "127.0.0.1",
		.certificate_pem = options->certificate_pem,
		.private_key_pem = options->private_key_pem,
		.offer_nla = options->nla,
		.handshake_deadline_ms = options->handshake_deadline_ms,
		.max_width_px = 2560,
		.max_height_px = 1600,
	};

	g_mutex_init(&session.lock);
	pixman_region32_init(&session.pending);
	session.options = options;
	session.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g_thread_unref(g_thread_new("commands", listen_to_commands, &session));
	rdp_front.run(&session, viewer_fd, &start);
	say(&session, "end %s", end_reason_key(session.reason));
}

/* ---- What the front calls ---- */

void session_end(struct session *session, enum end_reason reason, const char *detail)
{
	g_mutex_lock(&session->lock);
	if (session->reason == END_NONE) {
		session->reason = reason;
		if (detail)
			say(session, "detail %s", detail);
		raise_flags(session, FRONT_END);
	}
	g_mutex_unlock(&session->lock);
}

enum end_reason session_end_reason(struct session *session)
{
	g_mutex_lock(&session->lock);
	enum end_reason reason = session->reason;
	g_mutex_unlock(&session->lock);
	return reason;
}

char *session_end_words(struct session *session)
{
	return g_strdup(end_reason_text(session_end_reason(session)));
}

static bool proof_matches(const uint8_t key[16], const struct broker_nla_proof *proof)
{
	uint8_t proof_string[16], base_key[16], session_key[16], mic[16];

	/* [MS-NLMP] 3.3.2, 3.4.5.1: the MIC is under the key that only the right password
	 * decrypts. */
	if (!winpr_HMAC(WINPR_MD_MD5, key, 16, proof->proof_input.bytes, proof->proof_input.length,
			proof_string, 16) ||
	    !winpr_HMAC(WINPR_MD_MD5, key, 16, proof_string, 16, base_key, 16))
		return false;
	WINPR_RC4_CTX *rc4 = winpr_RC4_New(base_key, 16);
	bool ok = rc4 && winpr_RC4_Update(rc4, 16, proof->encrypted_session_key, session_key) &&
		  winpr_HMAC(WINPR_MD_MD5, session_key, 16, proof->mic_input.bytes,
			     proof->mic_input.length, mic, 16);
	winpr_RC4_Free(rc4);
	return ok && memcmp(mic, proof->mic, 16) == 0;
}

bool session_nla_proof(struct session *session, const struct broker_nla_proof *proof,
		       uint8_t ret_ntowfv2[16])
{
	glong n_password, n_user, n_domain;
	g_autofree gunichar2 *password =
		g_utf8_to_utf16(HOST_PASSWORD, -1, NULL, &n_password, NULL);
	g_autofree gunichar2 *user = g_utf8_to_utf16(proof->user, -1, NULL, &n_user, NULL);
	g_autofree gunichar2 *domain = g_utf8_to_utf16(proof->domain, -1, NULL, &n_domain, NULL);
	uint8_t key[16];

	say(session, "proof %s", proof->user);
	memset(ret_ntowfv2, 0, 16);
	if (session->options->answer == HOST_EMPTY)
		return true;
	if (session->options->answer == HOST_ERROR) {
		memset(ret_ntowfv2, 0x5a, 16);
		return false;
	}
	if (strcmp(proof->user, HOST_USER) ||
	    !NTOWFv2W((LPWSTR)password, (UINT32)n_password * 2, (LPWSTR)user, (UINT32)n_user * 2,
		      (LPWSTR)domain, (UINT32)n_domain * 2, key) ||
	    !proof_matches(key, proof))
		return false;
	memcpy(ret_ntowfv2, key, 16);
	return true;
}

void session_login(struct session *session, const struct broker_login *login,
		   struct session_verdict *ret_verdict)
{
	bool right = login->door == DOOR_NLA_TICKET || !strcmp(login->password, HOST_PASSWORD);

	say(session, "login %u %s %s %s %s", login->door, login->user, login->domain,
	    login->alternate_shell, login->viewer_name);
	ret_verdict->allowed = right && g_str_has_prefix(login->user, HOST_USER);
	ret_verdict->reason = ret_verdict->allowed ? END_NONE : END_REFUSED;
}

void session_verdict_clear(struct session_verdict *verdict)
{
	*verdict = (struct session_verdict){0};
}

void session_open_target(struct session *session, const struct session_view *view)
{
	const struct host_options *options = session->options;

	say(session, "view %u %u %x", view->width_px, view->height_px, view->keyboard_layout);
	g_mutex_lock(&session->lock);
	set_size(session, options->width_px ? options->width_px : view->width_px,
		 options->height_px ? options->height_px : view->height_px);
	paint(session, &(struct rect){0, 0, session->width, session->height}, 0);
	raise_flags(session, FRONT_RUNNING | FRONT_RESIZED | FRONT_PICTURE);
	say(session, "running");
	g_mutex_unlock(&session->lock);
}

int session_front_fd(struct session *session)
{
	return session->event_fd;
}

unsigned session_front_flags(struct session *session)
{
	eventfd_t count;

	eventfd_read(session->event_fd, &count);
	g_mutex_lock(&session->lock);
	unsigned flags = session->flags;
	session->flags = 0;
	g_mutex_unlock(&session->lock);
	return flags;
}

void session_size(struct session *session, uint32_t *ret_width, uint32_t *ret_height)
{
	g_mutex_lock(&session->lock);
	*ret_width = session->width;
	*ret_height = session->height;
	g_mutex_unlock(&session->lock);
}

struct shadow *shadow_create(uint32_t width, uint32_t height)
{
	struct shadow *shadow = g_new0(struct shadow, 1);

	shadow->width = width;
	shadow->height = height;
	shadow->stride_bytes = (size_t)width * 4;
	shadow->pixels = g_malloc0(shadow->stride_bytes * height);
	return shadow;
}

void shadow_destroy(struct shadow *shadow)
{
	if (shadow)
		g_free(shadow->pixels);
	g_free(shadow);
}

void picture_update_init(struct picture_update *update)
{
	*update = (struct picture_update){0};
	pixman_region32_init(&update->painted);
}

void picture_update_finish(struct picture_update *update)
{
	g_free(update->copies);
	pixman_region32_fini(&update->painted);
}

int session_take_picture(struct session *session, struct shadow *shadow, struct picture_update *ret)
{
	int error = 0;

	g_mutex_lock(&session->lock);
	if (shadow->width != session->width || shadow->height != session->height) {
		error = -ESTALE;
	} else if (!session->n_copies && !pixman_region32_not_empty(&session->pending)) {
		error = -EAGAIN;
	} else {
		memcpy(shadow->pixels, session->canvas, shadow->stride_bytes * shadow->height);
		ret->copies = g_memdup2(session->copies, session->n_copies * sizeof *ret->copies);
		ret->n_copies = session->n_copies;
		pixman_region32_copy(&ret->painted, &session->pending);
		pixman_region32_clear(&session->pending);
		session->n_copies = 0;
	}
	g_mutex_unlock(&session->lock);
	return error;
}

void session_repaint(struct session *session, const struct rect *r)
{
	g_mutex_lock(&session->lock);
	pixman_region32_union_rect(&session->pending, &session->pending, (int)r->x, (int)r->y,
				   r->width, r->height);
	raise_flags(session, FRONT_PICTURE);
	g_mutex_unlock(&session->lock);
}

bool session_get_cursor(struct session *session, struct cursor_shape *ret)
{
	g_mutex_lock(&session->lock);
	*ret = session->cursor;
	if (ret->bgra)
		ret->bgra = g_memdup2(ret->bgra, (size_t)ret->width * ret->height * 4);
	g_mutex_unlock(&session->lock);
	return ret->bgra;
}

void session_get_pointer(struct session *session, int32_t *ret_x, int32_t *ret_y, bool *ret_visible)
{
	*ret_x = session->x;
	*ret_y = session->y;
	*ret_visible = true;
}

char *session_notice(struct session *session)
{
	g_mutex_lock(&session->lock);
	char *notice = g_strdup(session->notice);
	g_mutex_unlock(&session->lock);
	return notice;
}

char *session_take_target_clipboard(struct session *session)
{
	g_mutex_lock(&session->lock);
	char *text = g_steal_pointer(&session->target_clipboard);
	g_mutex_unlock(&session->lock);
	return text;
}

void session_key(struct session *session, const struct key_event *event)
{
	say(session, "key %d %u %d %d", event->kind, event->code, event->prefix, event->down);
}

void session_pointer(struct session *session, const struct pointer_event *event)
{
	say(session, "pointer %d %d %u %d %d", event->x, event->y, event->buttons, event->wheel_up,
	    event->wheel_right);
}

void session_sync_locks(struct session *session, uint32_t lock_state)
{
	say(session, "sync %u", lock_state);
}

void session_release_input(struct session *session)
{
	say(session, "release");
}

void session_request_size(struct session *session, uint32_t width_px, uint32_t height_px)
{
	say(session, "size %u %u", width_px, height_px);
}

int session_event(struct session *session, const char *json)
{
	say(session, "event %s", json);
	return 0;
}

void session_viewer_clipboard(struct session *session, const char *utf8)
{
	say(session, "clip %s", utf8);
}
