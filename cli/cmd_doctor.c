/* vitrine doctor: looks at an installation and says what is wrong with it and what mends
 * it. It changes nothing. */
#include "cli/doctor.h"

#include <stdio.h>

static void G_GNUC_PRINTF(2, 0) print_check(const char *mark, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	printf("%-5s %s\n", mark, text);
}

void doctor_ok(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_check("ok", format, arguments);
	va_end(arguments);
}

void doctor_warn(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	doctor->warned++;
	va_start(arguments, format);
	print_check("warn", format, arguments);
	va_end(arguments);
}

void doctor_fail(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	doctor->failed++;
	va_start(arguments, format);
	print_check("FAIL", format, arguments);
	va_end(arguments);
}

static int run_doctor(struct cli *cli, int argc, char **argv)
{
	struct doctor doctor = {0};

	if (!cli_parse(cli, NULL, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (!cli_load_config(cli))
		return CLI_FAILED;
	doctor.config = cli->config;
	doctor_ok(&doctor, "configuration %s",
		  cli->config_path != NULL ? cli->config_path : CONFIG_DEFAULT_PATH);
	doctor_check_machine(&doctor);
	doctor_check_keys(&doctor);
	doctor_check_database(&doctor);
	doctor_check_store(&doctor);
	doctor_check_outside(&doctor);
	doctor_check_programs(&doctor);
	if (doctor.failed > 0)
		printf("%u wrong, %u to look at\n", doctor.failed, doctor.warned);
	else if (doctor.warned > 0)
		printf("nothing wrong, %u to look at\n", doctor.warned);
	else
		puts("everything is in order");
	return doctor.failed > 0 ? CLI_FAILED : CLI_OK;
}

const struct command doctor_commands[] = {
	{"doctor", NULL, "", "Look at this installation and say what is wrong", run_doctor},
	{0},
};
