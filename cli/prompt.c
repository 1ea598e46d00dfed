/* Secrets and answers from a terminal or a descriptor. OpenSSL's UI switches echo off and puts the
 * terminal back on signals. */
#include "cli/prompt.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <openssl/ui.h>
#include <string.h>
#include <unistd.h>

static char *too_short(unsigned least, GError **error)
{
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "the password must have at least %u characters", least);
	return NULL;
}

/* One line; what follows it is not ours. Read byte by byte, so that a second secret may stand on
 * the next line of the same pipe. */
static char *read_line(int fd, unsigned least, GError **error)
{
	char line[PROMPT_SECRET_MAX_BYTES + 1];
	size_t length = 0;
	ssize_t n = 0;
	char *secret = NULL;

	while (length < sizeof line) {
		n = read(fd, line + length, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || line[length] == '\n')
			break;
		length++;
	}
	if (n < 0)
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
			    "cannot read the password from descriptor %d: %s", fd,
			    g_strerror(errno));
	else if (length == sizeof line || memchr(line, '\0', length) != NULL)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "the password is longer than %u bytes or holds a NUL",
			    PROMPT_SECRET_MAX_BYTES);
	else if (length < least)
		too_short(least, error);
	else
		secret = secret_new(line, length);
	secret_wipe(line, sizeof line);
	return secret;
}

static bool terminal_there(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int ask_twice(const char *what, unsigned least, char *first, char *second)
{
	g_autofree char *question = g_strdup_printf("%s: ", what);
	g_autofree char *again = g_strdup_printf("%s again: ", what);
	UI *ui = UI_new_method(UI_OpenSSL());
	int result = -1;

	if (ui != NULL &&
	    UI_add_input_string(ui, question, 0, first, (int)least, PROMPT_SECRET_MAX_BYTES) >= 0 &&
	    UI_add_verify_string(ui, again, 0, second, (int)least, PROMPT_SECRET_MAX_BYTES,
				 first) >= 0)
		result = UI_process(ui);
	UI_free(ui);
	return result;
}

static char *ask_terminal(const char *what, unsigned least, GError **error)
{
	static const char empty[PROMPT_SECRET_MAX_BYTES + 2];
	autosecret first = secret_new(empty, sizeof empty);
	autosecret second = secret_new(empty, sizeof empty);

	if (!terminal_there()) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
				    "there is no terminal to ask for the password:"
				    " give it on a descriptor with --password-fd");
		return NULL;
	}
	if (ask_twice(what, least, first, second) != 0) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
				    "no password was given, or the two differ");
		return NULL;
	}
	return secret_new(first, strlen(first));
}

char *prompt_secret(const char *what, int password_fd, unsigned least, GError **error)
{
	if (password_fd >= 0)
		return read_line(password_fd, least, error);
	return ask_terminal(what, least, error);
}

bool prompt_yes(const char *question)
{
	char answer[16] = {0};
	UI *ui = terminal_there() ? UI_new_method(UI_OpenSSL()) : NULL;
	g_autofree char *text = g_strdup_printf("%s [y/N] ", question);
	bool yes = ui != NULL &&
		   UI_add_input_string(ui, text, UI_INPUT_FLAG_ECHO, answer, 0,
				       sizeof answer - 1) >= 0 &&
		   UI_process(ui) == 0 && (answer[0] == 'y' || answer[0] == 'Y');

	UI_free(ui);
	return yes;
}
