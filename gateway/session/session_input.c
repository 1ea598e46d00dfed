/* Keys and pointer from the viewer: gate, idle clock, timeline, translation, and what is held down,
 * so that nothing ever sticks at the target. It must not know which protocols talk. */
#include "gateway/session/session_priv.h"

#include <jansson.h>

#define ALL_BUTTONS (POINTER_LEFT | POINTER_MIDDLE | POINTER_RIGHT | POINTER_X1 | POINTER_X2)
#define WHEEL_MAX 32767

bool session_takes_input_locked(const struct session *session)
{
	return session->running && session->end_reason == END_NONE &&
	       !session_frozen_locked(session);
}

/* ---- Held keys ---- */

static bool same_key(const struct key_event *a, const struct key_event *b)
{
	return a->kind == b->kind && a->code == b->code && a->prefix == b->prefix;
}

static bool held_remove(struct held_keys *held, const struct key_event *key)
{
	for (unsigned i = 0; i < held->n; i++)
		if (same_key(&held->keys[i], key)) {
			memmove(&held->keys[i], &held->keys[i + 1],
				(held->n - i - 1) * sizeof held->keys[0]);
			held->n--;
			return true;
		}
	return false;
}

/* Returns true and the oldest key in `ret_evicted` when there was no place left. */
static bool held_add(struct held_keys *held, const struct key_event *key,
		     struct key_event *ret_evicted)
{
	held_remove(held, key);
	bool full = held->n == HELD_KEYS_MAX;
	if (full) {
		*ret_evicted = held->keys[0];
		held_remove(held, ret_evicted);
	}
	held->keys[held->n++] = *key;
	return full;
}

/* ---- To the back ---- */

static void push_key(struct session *s, const struct key_event *key)
{
	const struct back_command command = {.kind = BACK_KEY, .key = *key};
	struct key_event evicted;

	if (!key->down) {
		held_remove(&s->input.target, key);
		command_force_locked(s, &command);
		return;
	}
	if (!command_push_locked(s, &command))
		return;
	if (held_add(&s->input.target, key, &evicted)) {
		evicted.down = false;
		push_key(s, &evicted);
	}
}

static unsigned translate(struct session *s, const struct key_event *event,
			  struct key_event ret[KEYBOARD_MAX_EVENTS])
{
	bool is_keysym = event->kind == KEY_KEYSYM;
	bool wants_keysym = s->back->keys == BACK_KEYS_KEYSYM;

	if (is_keysym == wants_keysym) {
		ret[0] = *event;
		return 1;
	}
	return wants_keysym ? keyboard_to_keysym(s->keyboard, event, ret)
			    : keyboard_to_scancode(s->keyboard, event, ret);
}

static void deliver_key(struct session *s, const struct key_event *event)
{
	struct key_event keys[KEYBOARD_MAX_EVENTS];
	unsigned n = translate(s, event, keys);

	for (unsigned i = 0; i < n; i++)
		push_key(s, &keys[i]);
}

/* ---- Keys ---- */

static void name_key(json_t *object, const struct key_event *event, const char *text)
{
	static const char *const kinds[] = {"scancode", "keysym", "unicode"};

	json_object_set_new(object, "kind", json_string(kinds[event->kind]));
	json_object_set_new(object, "code", json_integer((json_int_t)event->code));
	if (event->prefix != KEY_PREFIX_NONE)
		json_object_set_new(object, "prefix", json_integer(event->prefix));
	if (text != NULL)
		json_object_set_new(object, "text", json_string(text));
}

static void note_key(struct session *s, const struct key_event *event)
{
	const char *text = keyboard_describe(s->keyboard, event);

	if (s->login_answer.keys_off)
		return;
	json_t *object = json_pack("{s:s, s:b}", "type", "key", "down", (int)event->down);

	if (key_mask_covers(&s->input.mask, text, clock_now_us()))
		json_object_set_new(object, "masked", json_true());
	else
		name_key(object, event, text);
	timeline_put_json_locked(s, object);
}

/* A Unicode "key" is a character, not a key: some viewers never release it, and it cannot stick. */
static bool track_viewer_key(struct session *s, const struct key_event *event)
{
	struct key_event evicted;

	if (event->kind == KEY_UNICODE)
		return true;
	if (!event->down)
		return held_remove(&s->input.viewer, event);
	if (held_add(&s->input.viewer, event, &evicted)) {
		evicted.down = false;
		deliver_key(s, &evicted);
	}
	return true;
}

static bool key_sane(const struct key_event *event)
{
	return event->kind <= KEY_UNICODE && event->prefix <= KEY_PREFIX_E1 &&
	       (event->kind != KEY_SCANCODE || event->code <= 0xff) &&
	       (event->kind != KEY_UNICODE || event->code <= 0xffff);
}

void session_key(struct session *session, const struct key_event *event)
{
	monitor_enter(&session->monitor);
	if (session_takes_input_locked(session) && key_sane(event)) {
		session->input.last_us = clock_now_us();
		note_key(session, event);
		/* The note may just have found the ring full, and then the key must
		 * not go out unrecorded. */
		if (session_takes_input_locked(session) && track_viewer_key(session, event))
			deliver_key(session, event);
	}
	monitor_leave(&session->monitor);
}

/* ---- Pointer ---- */

static void note_clicks(struct session *s, const struct pointer_event *event, uint32_t changed)
{
	static const char *const names[] = {"left", "middle", "right", "x1", "x2"};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if ((changed & (1u << i)) != 0)
			timeline_put_json_locked(s, json_pack("{s:s, s:s, s:b, s:i, s:i}", "type",
							      "click", "button", names[i], "down",
							      (int)((event->buttons >> i) & 1), "x",
							      (int)event->x, "y", (int)event->y));
}

static struct pointer_event tidy_pointer(const struct session *s, const struct pointer_event *event)
{
	return (struct pointer_event){
		.x = CLAMP(event->x, 0, (int32_t)s->width - 1),
		.y = CLAMP(event->y, 0, (int32_t)s->height - 1),
		.buttons = event->buttons & ALL_BUTTONS,
		.wheel_up = CLAMP(event->wheel_up, -WHEEL_MAX, WHEEL_MAX),
		.wheel_right = CLAMP(event->wheel_right, -WHEEL_MAX, WHEEL_MAX),
	};
}

static void deliver_pointer(struct session *s, const struct pointer_event *event, uint32_t changed)
{
	const struct back_command command = {.kind = BACK_POINTER, .pointer = *event};
	bool motion = changed == 0 && event->wheel_up == 0 && event->wheel_right == 0;

	if (motion)
		command_push_motion_locked(s, &command);
	else if (!command_push_locked(s, &command))
		return;
	s->input.buttons = event->buttons;
	s->input.x = event->x;
	s->input.y = event->y;
	cursor_place_locked(s, event->x, event->y, s->pointer_visible);
}

void session_pointer(struct session *session, const struct pointer_event *event)
{
	monitor_enter(&session->monitor);
	if (session_takes_input_locked(session)) {
		const struct pointer_event tidy = tidy_pointer(session, event);
		uint32_t changed = tidy.buttons ^ session->input.buttons;
		session->input.last_us = clock_now_us();
		note_clicks(session, &tidy, changed);
		if (session_takes_input_locked(session))
			deliver_pointer(session, &tidy, changed);
	}
	monitor_leave(&session->monitor);
}

/* ---- Letting go ---- */

static void release_keys_locked(struct session *s)
{
	while (s->input.viewer.n > 0) {
		struct key_event key = s->input.viewer.keys[--s->input.viewer.n];
		key.down = false;
		keyboard_describe(s->keyboard, &key);
		deliver_key(s, &key);
	}
	/* What the translation pressed on its own account. */
	while (s->input.target.n > 0) {
		struct key_event key = s->input.target.keys[s->input.target.n - 1];
		key.down = false;
		push_key(s, &key);
	}
}

void session_release_input_locked(struct session *session)
{
	if (session->back == NULL || !session->running)
		return;
	release_keys_locked(session);
	if (session->input.buttons == 0)
		return;
	const struct back_command command = {
		.kind = BACK_POINTER,
		.pointer = {.x = session->input.x, .y = session->input.y},
	};
	command_force_locked(session, &command);
	session->input.buttons = 0;
}

void session_release_input(struct session *session)
{
	monitor_enter(&session->monitor);
	session_release_input_locked(session);
	monitor_leave(&session->monitor);
}

void session_sync_locks(struct session *session, uint32_t lock_state)
{
	const struct back_command command = {
		.kind = BACK_SYNC,
		.lock_state = lock_state & (LOCK_SCROLL | LOCK_NUM | LOCK_CAPS | LOCK_KANA),
	};

	monitor_enter(&session->monitor);
	if (session_takes_input_locked(session)) {
		release_keys_locked(session);
		keyboard_set_locks(session->keyboard, command.lock_state);
		command_push_locked(session, &command);
	}
	monitor_leave(&session->monitor);
}

void session_request_size(struct session *session, uint32_t width_px, uint32_t height_px)
{
	struct back_command command = {.kind = BACK_SIZE};

	monitor_enter(&session->monitor);
	if (session_takes_input_locked(session) && picture_size_ok(width_px, height_px)) {
		command.size.width_px = MIN(width_px, session->max_width_px);
		command.size.height_px = MIN(height_px, session->max_height_px);
		command_push_locked(session, &command);
	}
	monitor_leave(&session->monitor);
}
