/* Carries questions to an authority. It must not judge answers itself. */
#include "recorder/stamp/stamp_client.h"

struct stamp_authority stamp_authority_of(const struct config_time_stamp *config)
{
	return (struct stamp_authority){
		.url = config->url,
		.ca_file = config->ca_file,
		.tls = {config->tls_ca_file, config->tls_certificate_file, config->tls_key_file},
	};
}

GBytes *stamp_fetch(const struct stamp_authority *authority, const char *sha256,
		    unsigned timeout_ms, const bool *stop, GError **error)
{
	g_autoptr(GBytes) question = stamp_request(sha256, error);

	if (question == NULL)
		return NULL;
	struct http_post post = {.url = authority->url,
				 .content_type = "application/timestamp-query",
				 .tls = authority->tls,
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
