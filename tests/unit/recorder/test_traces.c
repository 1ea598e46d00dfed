/* Whole desktops through the damage encoder: libavcodec shows to the last bit what the encoder
 * believes, and text stays text. Part of each trace by default, all of it with -m slow. */
#include "tests/bench/trace_judge.h"

#define QUICK_STEPS 24u
#define QP_EVIDENCE 22u
#define QP_STANDARD 24u
#define QP_ECONOMY 28u

static uint32_t steps_of(const struct trace *trace)
{
	uint32_t all = trace->step_ms > 0 ? trace->seconds * 1000 / trace->step_ms : 0;

	return g_test_slow() ? all : MIN(all, QUICK_STEPS);
}

static void test_trace(gconstpointer data)
{
	const struct trace *trace = data;
	struct judgement j;

	judge_trace(trace, steps_of(trace), QP_STANDARD, &j);
	g_assert_cmpuint(j.n_wrong, ==, 0);
	g_assert_cmpuint(j.n_pictures, >, steps_of(trace) / 8);
	g_assert_cmpfloat(j.psnr_worst, >, 38);
	g_test_message("%s: text SSIM %.5f, worst picture %.5f, PSNR at worst %.1f dB", trace->name,
		       text_ssim_mean(&j.text), j.text.worst, j.psnr_worst);
	if (trace->wordless)
		return;
	g_assert_cmpfloat(text_ssim_mean(&j.text), >, 0.998);
	g_assert_cmpfloat(j.text.worst, >, 0.997);
}

static const struct trace *find(const char *name)
{
	for (unsigned i = 0; i < n_traces; i++)
		if (g_str_equal(traces[i].name, name))
			return &traces[i];
	g_assert_not_reached();
}

/* The policy's words mean something: each level is smaller and less exact than the one above. */
static void test_quality_levels(void)
{
	static const uint32_t qps[] = {QP_EVIDENCE, QP_STANDARD, QP_ECONOMY};
	static const double floors[] = {0.9985, 0.998, 0.995};
	struct judgement j[G_N_ELEMENTS(qps)];

	for (unsigned i = 0; i < G_N_ELEMENTS(qps); i++) {
		judge_trace(find("scrolling log"), QUICK_STEPS, qps[i], &j[i]);
		g_assert_cmpuint(j[i].n_wrong, ==, 0);
		g_assert_cmpfloat(text_ssim_mean(&j[i].text), >, floors[i]);
		g_assert_true(i == 0 ||
			      (j[i].bytes < j[i - 1].bytes &&
			       text_ssim_mean(&j[i].text) < text_ssim_mean(&j[i - 1].text)));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < n_traces; i++) {
		g_autofree char *path = g_strdup_printf("/traces/%s", traces[i].name);
		g_test_add_data_func(path, &traces[i], test_trace);
	}
	g_test_add_func("/traces/quality-levels", test_quality_levels);
	return g_test_run();
}
