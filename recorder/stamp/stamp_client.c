/* Carries questions to an authority. It must not judge answers itself. */
#include "recorder/stamp/stamp_client.h"

#include "recorder/http/http_post.h"

GBytes *stamp_fetch(const struct stamp_authority *authority, const char *sha256,
		    unsigned timeout_ms, const bool *stop, GError **error)
{
	g_autoptr(GBytes) question = stamp_request(sha256, error);

	if (question == NULL)
		return NULL;
	struct http_post post = {.url = authority->url,
				 .content_type = "application/timestamp-query",
				 .ca_file = authority->tls_ca_file,
				 .answer_max_bytes = STAMP_MAX_BYTES,
				 .timeout_ms = timeout_ms,
				 .stop = stop};
	post.body = g_bytes_get_data(question, &post.body_bytes);
	GByteArray *body = http_post(&post, error);
	if (body == NULL)
		return NULL;
	GBytes *answer = g_byte_array_free_to_bytes(body);
	if (stamp_answers(question, answer, authority->ca_file, error))
		return answer;
	g_bytes_unref(answer);
	return NULL;
}
