/* What recording costs: every trace our way and, in the same run, the plain way; how text looks
 * afterwards; and many sessions at once.
 *
 *      bench-recorder                  all of it
 *      bench-recorder one [TRACE]      each trace by itself, beside the plain way
 *      bench-recorder crypt [TRACE]    what encryption costs
 *      bench-recorder many [TRACE]     many sessions at once
 *      bench-recorder memory           what no recorder can save: reading pictures warm and cold */
#include "base/secret.h"
#include "recorder/footprint.h"
#include "tests/bench/cold_memory.h"
#include "tests/bench/recorder_cost.h"
#include "tests/bench/trace_judge.h"

#include <libavutil/log.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_SECONDS 6u
#define JUDGED_STEPS 60u
#define QP_STANDARD 24u
#define MANY 32u
/* Of each session, behind so many that are not measured: first pictures, then all pages are
 * there. */
#define MANY_PICTURES 40u
#define MANY_SKIP_PICTURES 6u
/* The same pictures as each of many: an office's first seconds are dearer than its minute. */
#define ONE_AGAIN 4u
#define MANY_ROUNDS 3u
#define PICTURE_MS 67u
#define CRYPT_ROUNDS 3u

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double quantile_ms(GArray *values, double q)
{
	if (values->len == 0)
		return 0;
	qsort(values->data, values->len, sizeof(uint32_t), compare_u32);
	return g_array_index(values, uint32_t, (guint)((values->len - 1) * q)) / 1000.0;
}

static double percent_of(const struct cost *cost)
{
	return (double)cost->cpu_us / cost->seconds / 1e4;
}

static double mb_per_hour(const struct cost *cost)
{
	return (double)cost->bytes * 3600 / cost->seconds / 1e6;
}

static void compare(const struct trace *trace)
{
	struct cost ours = {.latencies_us = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
			    .cpu_of_pictures_us = g_array_new(FALSE, FALSE, sizeof(uint32_t))},
		    plain = {0};
	struct judgement judgement;

	cost_ours(&(struct replay){trace, 1, trace->seconds * 1000, 0, REPLAY_ALL}, &ours);
	cost_plain(trace, PLAIN_SECONDS, &plain);
	judge_trace(trace, JUDGED_STEPS, QP_STANDARD, &judgement);
	char ssim[16] = "-";
	if (!trace->wordless)
		g_snprintf(ssim, sizeof ssim, "%.5f", text_ssim_mean(&judgement.text));
	printf("%-14s %8.3f %8.1f %6.1fx %8.1f %8.1f %8.2f %8.2f %8.2f %6.1f %9s %6u\n",
	       trace->name, percent_of(&ours), percent_of(&plain),
	       percent_of(&plain) / percent_of(&ours), mb_per_hour(&ours), mb_per_hour(&plain),
	       quantile_ms(ours.latencies_us, 0.5), quantile_ms(ours.latencies_us, 0.99),
	       quantile_ms(ours.cpu_of_pictures_us, 0.99), ours.rss_mib, ssim, judgement.n_wrong);
	fflush(stdout);
	g_array_unref(ours.latencies_us);
	g_array_unref(ours.cpu_of_pictures_us);
}

/* The cheaper of two runs: others use the machine, too, and can only add. */
static void run_many(const struct trace *trace, unsigned n_sessions, struct cost *best)
{
	uint32_t picture_ms = MAX(trace->step_ms, PICTURE_MS);
	uint32_t skip_ms = MANY_SKIP_PICTURES * picture_ms;
	struct cost cost = {0};

	cost_ours(&(struct replay){trace, n_sessions, skip_ms + MANY_PICTURES * picture_ms, skip_ms,
				   REPLAY_ALL},
		  &cost);
	if (best->seconds <= 0 || cost.cpu_us < best->cpu_us)
		*best = cost;
}

static void compare_many(const struct trace *trace)
{
	struct cost many = {0}, one = {0};

	if (trace->step_ms == 0 || trace->step_ms > 100)
		return;
	for (unsigned i = 0; i < MANY_ROUNDS; i++) {
		run_many(trace, MANY, &many);
		for (unsigned again = 0; again < ONE_AGAIN; again++)
			run_many(trace, 1, &one);
	}
	printf("%-14s %8.3f %8.3f %+7.0f%% %6.1f\n", trace->name, percent_of(&one),
	       percent_of(&many) / MANY, (percent_of(&many) / MANY / percent_of(&one) - 1) * 100,
	       many.rss_mib / MANY);
	fflush(stdout);
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What the encrypted one of two sessions cost more than the plain one. They take turns, picture by
 * picture, so that whatever else the machine does hits both. The first second is left out: who
 * begins makes the shared libx264, and print_data_key tells what the key costs. */
static double crypt_ratio(const struct trace *trace, enum replay_encrypted encrypted,
			  struct cost *ret)
{
	*ret = (struct cost){0};
	cost_ours(&(struct replay){trace, 2, trace->seconds * 1000, 1000, encrypted}, ret);
	return (double)ret->cpu_us / (double)ret->plain_cpu_us;
}

/* Where the two lie in memory makes a difference of its own, so each is the encrypted one in
 * turn. */
static void compare_crypt(const struct trace *trace)
{
	double more[CRYPT_ROUNDS];
	struct cost pair;

	for (unsigned i = 0; i < CRYPT_ROUNDS; i++)
		more[i] = sqrt(crypt_ratio(trace, REPLAY_EVEN, &pair) *
			       crypt_ratio(trace, REPLAY_ODD, &pair)) -
			  1;
	qsort(more, CRYPT_ROUNDS, sizeof more[0], compare_double);
	printf("%-14s %8.3f %+7.1f%% %+7.1f%% %+7.1f%%\n", trace->name, percent_of(&pair),
	       more[CRYPT_ROUNDS / 2] * 100, more[0] * 100, more[CRYPT_ROUNDS - 1] * 100);
	fflush(stdout);
}

static void print_data_key(void)
{
	printf("a data key, made and sealed once a recording: %.2f ms\n", cost_data_key_ms());
}

struct choice {
	const char *part, *trace; /**< NULL: all */
};

static bool chosen(const char *choice, const char *name)
{
	return choice == NULL || strcmp(choice, name) == 0;
}

static void each_trace(const struct choice *choice, const char *part, const char *heading,
		       void (*run)(const struct trace *))
{
	if (!chosen(choice->part, part))
		return;
	printf("%s\n", heading);
	for (unsigned i = 0; i < n_traces; i++)
		if (chosen(choice->trace, traces[i].name))
			run(&traces[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	const struct choice choice = {argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL};

	secret_init();
	av_log_set_level(AV_LOG_ERROR);
	footprint_limit();
	each_trace(&choice, "one",
		   "1920x1080        % core  plain %    less     MB/h    plain   p50 ms   p99 ms  "
		   "p99 CPU    MiB text SSIM  wrong",
		   compare);
	each_trace(&choice, "crypt", "encryption       % core    median   least    most",
		   compare_crypt);
	if (chosen(choice.part, "crypt"))
		print_data_key();
	each_trace(&choice, "many", "32 at once        one %   each %    more    MiB",
		   compare_many);
	if (chosen(choice.part, "memory")) {
		printf("luma read        warm ms  cold ms   GB/s  cold GB/s\n");
		cold_memory_print(MANY);
	}
	return EXIT_SUCCESS;
}
