/* HTTP by libcurl. It must not know what is asked or told. */
#include "recorder/http_client/http_post.h"

#include "base/config.h"
#include "base/secret.h"

#include <curl/curl.h>
#include <string.h>

G_DEFINE_QUARK(http - post - error, http_post_error)

struct exchange {
	const struct http_post *request;
	GByteArray *answer;
	bool too_large;
};

void http_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		g_error("libcurl cannot start");
}

static size_t take_bytes(char *bytes, size_t one, size_t n, void *user)
{
	struct exchange *exchange = user;

	(void)one;
	if (n > exchange->request->answer_max_bytes - exchange->answer->len) {
		exchange->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	g_byte_array_append(exchange->answer, (const guint8 *)bytes, (guint)n);
	return n;
}

static int look_for_stop(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct exchange *exchange = user;

	(void)a, (void)b, (void)c, (void)d;
	return exchange->request->stop != NULL &&
	       __atomic_load_n(exchange->request->stop, __ATOMIC_ACQUIRE);
}

static char *shown_url(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);

	return uri != NULL ? g_uri_to_string_partial(uri, G_URI_HIDE_USERINFO | G_URI_HIDE_QUERY)
			   : g_strdup("the address");
}

static void set_peer(CURL *curl, const struct http_post *request)
{
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
}

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* False: our key cannot be read. The key goes through the check of secret files. */
static bool set_tls(CURL *curl, const struct http_tls *tls, GError **error)
{
	g_autoptr(GError) why = NULL;

	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (is_set(tls->ca_file)) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, tls->ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (!is_set(tls->certificate_file) || !is_set(tls->key_file))
		return true;
	autosecret pem = config_read_secret_file(tls->key_file, &why);
	if (pem == NULL) {
		g_set_error(error, HTTP_POST_ERROR, HTTP_POST_ERROR_OWN_KEY, "%s", why->message);
		return false;
	}
	struct curl_blob blob = {pem, strlen(pem), CURL_BLOB_COPY};
	curl_easy_setopt(curl, CURLOPT_SSLCERT, tls->certificate_file);
	curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &blob);
	return true;
}

static void set_body(CURL *curl, struct exchange *exchange)
{
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, exchange->request->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)exchange->request->body_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
}

static enum http_post_error error_of(CURLcode code, const struct exchange *exchange)
{
	if (exchange->too_large)
		return HTTP_POST_ERROR_REFUSED;
	switch (code) {
	case CURLE_ABORTED_BY_CALLBACK:
		return HTTP_POST_ERROR_STOPPED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return HTTP_POST_ERROR_UNTRUSTED;
	case CURLE_SSL_CERTPROBLEM:
		return HTTP_POST_ERROR_OWN_KEY;
	default:
		return HTTP_POST_ERROR_AWAY;
	}
}

static bool perform(CURL *curl, struct exchange *exchange, GError **error)
{
	g_autofree char *url = shown_url(exchange->request->url);
	CURLcode code = curl_easy_perform(curl);
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK)
		g_set_error(error, HTTP_POST_ERROR, error_of(code, exchange), "%s: %s", url,
			    exchange->too_large ? "the answer is too large"
						: curl_easy_strerror(code));
	else if (status < 200 || status > 299)
		g_set_error(error, HTTP_POST_ERROR, HTTP_POST_ERROR_REFUSED,
			    "%s answers with HTTP status %ld", url, status);
	else
		return true;
	return false;
}

GByteArray *http_post(const struct http_post *request, GError **error)
{
	struct exchange exchange = {.request = request, .answer = g_byte_array_new()};
	g_autofree char *type = g_strdup_printf("Content-Type: %s", request->content_type);
	/* Without Expect: some servers never answer it. */
	struct curl_slist *headers = curl_slist_append(NULL, type);
	CURL *curl = curl_easy_init();

	headers = curl_slist_append(headers, "Expect:");
	if (curl == NULL || headers == NULL)
		g_error("libcurl is out of memory");
	set_peer(curl, request);
	set_body(curl, &exchange);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	bool ok = set_tls(curl, &request->tls, error) && perform(curl, &exchange, error);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (ok)
		return exchange.answer;
	g_byte_array_unref(exchange.answer);
	return NULL;
}
