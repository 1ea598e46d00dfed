/** Messages as tables: each message is a plain struct and a list of its fields. Encoding, decoding,
 * wiping, the round-trip test and the fuzz target all walk the same table, so a field cannot be
 * forgotten in one of them. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_U32,
	FIELD_U64,
	FIELD_TEXT, /**< char *, NUL-terminated UTF-8 without inner NUL; owned by the struct; empty
		       text when absent */
	FIELD_SECRET, /**< char *, as FIELD_TEXT, but in locked memory (base/secret.h) */
	FIELD_BLOB,   /**< struct blob, owned by the struct */
	FIELD_FIXED,  /**< uint8_t[max] in place */
};

struct blob {
	uint8_t *bytes;
	uint32_t length;
};

struct message_field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	uint32_t max; /**< longest text or blob in bytes; size of a FIELD_FIXED; unused for numbers
		       */
};

struct message_type {
	uint16_t number; /**< unique in its protocol */
	const char *name;
	size_t struct_bytes;
	const struct message_field *fields;
	unsigned n_fields;
	unsigned n_fds; /**< descriptors that must travel with it, exactly */
};

#define MESSAGE_U32(type, field)                                                                   \
	{                                                                                          \
#field, FIELD_U32, offsetof(struct type, field), 0                                 \
	}
#define MESSAGE_U64(type, field)                                                                   \
	{                                                                                          \
#field, FIELD_U64, offsetof(struct type, field), 0                                 \
	}
#define MESSAGE_TEXT(type, field, max)                                                             \
	{                                                                                          \
#field, FIELD_TEXT, offsetof(struct type, field), (max)                            \
	}
#define MESSAGE_SECRET(type, field, max)                                                           \
	{                                                                                          \
#field, FIELD_SECRET, offsetof(struct type, field), (max)                          \
	}
#define MESSAGE_BLOB(type, field, max)                                                             \
	{                                                                                          \
#field, FIELD_BLOB, offsetof(struct type, field), (max)                            \
	}
#define MESSAGE_FIXED(type, field)                                                                 \
	{                                                                                          \
#field, FIELD_FIXED, offsetof(struct type, field),                                 \
			sizeof(((struct type *)0)->field)                                          \
	}

/** The row of `number` in a protocol's table, or NULL. */
const struct message_type *message_type_find(const struct message_type *types, unsigned n_types,
					     uint16_t number);

/** True when every text and blob of `message` keeps its limit and every text is UTF-8: ask before
 *  message_encode or link_send when a field came from a peer. */
bool message_fits(const struct message_type *type, const void *message);

/** Appends the fields of `message` to `out`. NULL text counts as empty. Text longer than its limit
 * is a programming error. */
void message_encode(const struct message_type *type, const void *message, GByteArray *out);

/** Decodes into `ret` (overwritten, must hold nothing owned). Returns 0; -EPROTO when a field is
 * missing, too long, not UTF-8, or bytes are left over: then `ret` owns nothing. On success free
 * with message_clear. */
int message_decode(const struct message_type *type, const void *bytes, size_t length, void *ret);

/** Frees and wipes what a decoded (or g_strdup-filled) message owns and zeroes the struct.
 * FIELD_SECRET fields must come from secret_new, text and blobs from g_malloc. */
void message_clear(const struct message_type *type, void *message);
