/* Set-up and text of LibVNCServer and LibVNCClient. Their log functions and tables are global to
 * the process, so they are set once, here. */
#include "gateway/vnc/vnc_glue.h"

#include "gateway/vnc/vnc_tls.h"

#include <rfb/rfb.h>
#include <rfb/rfbclient.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

static void __attribute__((format(printf, 1, 2))) log_line(const char *format, ...)
{
	g_autofree char *raw = NULL, *line = NULL;
	va_list args;

	va_start(args, format);
	raw = g_strdup_vprintf(format, args);
	va_end(args);
	line = vnc_glue_printable(g_strstrip(raw), strlen(raw));
	g_debug("libvnc: %s", line);
}

int vnc_glue_prepare(void)
{
	unsigned char block[16] = {0};
	char key[] = "warm-up";

	signal(SIGPIPE,
	       SIG_IGN); /* both libraries and OpenSSL write to sockets whose peers vanish */
	rfbLog = rfbErr = log_line;
	rfbClientLog = rfbClientErr = log_line;
	rfbEncryptBytes(block, key); /* its cipher library reads files when it is first used */
	return vnc_tls_prepare();
}

char *vnc_glue_from_latin1(const char *text, size_t length)
{
	GString *utf8 = g_string_sized_new(length);

	for (size_t i = 0; i < length && text[i] != '\0'; i++)
		if (text[i] != '\r')
			g_string_append_unichar(utf8, (unsigned char)text[i]);
	return g_string_free(utf8, FALSE);
}

char *vnc_glue_to_latin1(const char *utf8, size_t *ret_length)
{
	glong n = 0;
	g_autofree gunichar *characters = g_utf8_to_ucs4_fast(utf8, -1, &n);
	GString *latin1 = g_string_sized_new((gsize)n);

	for (glong i = 0; i < n; i++)
		g_string_append_c(latin1, characters[i] < 0x100 ? (char)characters[i] : '?');
	*ret_length = latin1->len;
	return g_string_free(latin1, FALSE);
}

char *vnc_glue_printable(const char *text, size_t length)
{
	char *line = g_utf8_make_valid(text, (gssize)MIN(length, 200));

	for (char *at = line; *at != '\0'; at++)
		if (g_ascii_iscntrl(*at))
			*at = ' ';
	return line;
}
