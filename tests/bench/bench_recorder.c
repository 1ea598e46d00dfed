/* What recording costs: every trace our way and, in the same run, the plain way; how text looks afterwards; and many sessions at once.
 *
 *      bench-recorder            all of it
 *      bench-recorder typing     one trace
 *      bench-recorder many       many sessions at once */
#include "tests/bench/recorder_cost.h"
#include "tests/bench/trace_judge.h"

#include <libavutil/log.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_SECONDS 6u
#define JUDGED_STEPS 60u
#define QP_STANDARD 24u
#define MANY 32u
#define MANY_SECONDS 12u
#define MANY_SKIP_SECONDS 2u /* first pictures; afterwards all pages are there */
#define MANY_ROUNDS 2u

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

	cost_ours(trace, 1, trace->seconds, &ours);
	cost_plain(trace, PLAIN_SECONDS, &plain);
	judge_trace(trace, JUDGED_STEPS, QP_STANDARD, &judgement);
	printf("%-14s %8.3f %8.1f %6.1fx %8.1f %8.1f %8.2f %8.2f %8.2f %6.1f %9.5f %6u\n",
	       trace->name, percent_of(&ours), percent_of(&plain),
	       percent_of(&plain) / percent_of(&ours), mb_per_hour(&ours), mb_per_hour(&plain),
	       quantile_ms(ours.latencies_us, 0.5), quantile_ms(ours.latencies_us, 0.99),
	       quantile_ms(ours.cpu_of_pictures_us, 0.99), ours.rss_mib,
	       text_ssim_mean(&judgement.text), judgement.n_wrong);
	fflush(stdout);
	g_array_unref(ours.latencies_us);
	g_array_unref(ours.cpu_of_pictures_us);
}

/* The best of some rounds: others use the machine, too, and can only add. */
static void cheapest(const struct trace *trace, unsigned n_sessions, struct cost *ret)
{
	for (unsigned i = 0; i < MANY_ROUNDS; i++) {
		struct cost cost = {.skip_seconds = MANY_SKIP_SECONDS};
		cost_ours(trace, n_sessions, MANY_SECONDS, &cost);
		if (i == 0 || cost.cpu_us < ret->cpu_us)
			*ret = cost;
	}
}

static void compare_many(const struct trace *trace)
{
	struct cost many = {0}, one = {0};

	cheapest(trace, MANY, &many);
	cheapest(trace, 1, &one);
	printf("%-14s %8.3f %8.3f %+7.0f%% %6.1f\n", trace->name, percent_of(&one),
	       percent_of(&many) / MANY, (percent_of(&many) / MANY / percent_of(&one) - 1) * 100,
	       many.rss_mib / MANY);
	fflush(stdout);
}

static bool chosen(int argc, char **argv, const char *name)
{
	return argc < 2 || strcmp(argv[1], name) == 0;
}

int main(int argc, char **argv)
{
	av_log_set_level(AV_LOG_ERROR);
	/* Planes go back to the system when a session ends, so that each pays for its own. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	printf("%-14s %8s %8s %7s %8s %8s %8s %8s %8s %6s %9s %6s\n", "1920x1080", "% core",
	       "plain %", "less", "MB/h", "plain", "p50 ms", "p99 ms", "p99 CPU", "MiB",
	       "text SSIM", "wrong");
	for (unsigned i = 0; i < n_traces; i++)
		if (chosen(argc, argv, traces[i].name))
			compare(&traces[i]);
	if (!chosen(argc, argv, "many"))
		return EXIT_SUCCESS;
	printf("\n%u at once     %8s %8s %8s %6s\n", MANY, "one %", "each %", "more", "MiB");
	for (unsigned i = 0; i < n_traces; i++)
		if (traces[i].step_ms > 0 && traces[i].step_ms <= 100)
			compare_many(&traces[i]);
	return EXIT_SUCCESS;
}
