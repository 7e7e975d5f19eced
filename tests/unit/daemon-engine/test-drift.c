/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host that drifts: found by boots of one image at different times, reported, taken out. */
#include "drift.h"
#include "options.h"
#include "random.h"

#include <math.h>
#include <string.h>

#define IMAGES 4

/* @n boots, of image i % IMAGES each, whose levels are 3 % apart. */
typedef struct {
	guint parent_start[IMAGES + 1], parent[IMAGES];
	XbNode nodes[IMAGES];
	guint n;
	XbBoot boots[64];
	double sample[64];
} Job;

static void job_init(Job *job, guint n, double slope, double sd, uint64_t seed)
{
	XbRandom random = { seed };

	*job = (Job){ .n = n };
	for (guint i = 0; i < IMAGES; i++) {
		job->parent_start[i] = i > 0 ? i - 1 : 0;
		job->parent[i] = i;
		job->nodes[i] =
			(XbNode){ .status = XB_STATUS_BUILT, .image_class = i + 1, .prior = 1 };
	}
	job->parent_start[IMAGES] = IMAGES - 1;
	for (guint i = 0; i < n; i++) {
		guint image = i % IMAGES;
		job->sample[i] = exp(0.03 * image + slope * i + sd * xb_random_normal(&random));
		job->boots[i] = (XbBoot){ .node = image,
					  .sequence = 10 * i,
					  .n_samples = 1,
					  .samples = &job->sample[i] };
	}
}

static XbObservations *observe(const Job *job)
{
	const XbGraph graph = { IMAGES, job->parent_start, job->parent };

	return xb_observations_new(&graph, job->nodes, job->boots, job->n);
}

static void test_noise_is_no_drift(void)
{
	guint found = 0;

	for (guint seed = 1; seed <= 1000; seed++) {
		Job job;
		job_init(&job, 28, 0, 0.01, seed);
		g_autoptr(XbObservations) seen = observe(&job);
		found += xb_drift_slope(seen, 0) != 0;
	}
	g_test_message("%u of 1000", found);
	g_assert_cmpuint(found, <=, 12); /* 5 are expected at most */
}

static void test_a_drift_is_found_and_taken_out(void)
{
	Job job;
	job_init(&job, 24, -0.002, 0.003, 5);
	g_autoptr(XbObservations) seen = observe(&job);
	double slope = xb_drift_slope(seen, 0.005);

	g_assert_cmpfloat_with_epsilon(slope, -0.002, 0.0004);
	g_assert_cmpfloat(xb_drift_slope(seen, 0.1), ==, 0); /* less than what matters */
	xb_drift_remove(seen, slope);
	g_assert_cmpfloat(xb_drift_slope(seen, 0.005), ==, 0);
	for (guint i = 0; i < IMAGES; i++)
		g_assert_cmpfloat_with_epsilon(seen->units[i].mean, -0.002 * 11.5 + 0.03 * i,
					       0.005);
}

static void test_steps_repetition_and_outliers_are_none(void)
{
	Job job;

	job_init(&job, 32, 0, 0, 1); /* to the digit */
	g_autoptr(XbObservations) equal = observe(&job);
	g_assert_cmpfloat(xb_drift_slope(equal, 0), ==, 0);
	job.sample[30] *= 1.5;
	job.sample[31] *= 1.5;
	g_autoptr(XbObservations) storm = observe(&job);
	g_assert_cmpfloat(xb_drift_slope(storm, 0), ==, 0);
	job_init(&job, 4, 0.1, 0, 1); /* each image once */
	g_autoptr(XbObservations) once = observe(&job);
	g_assert_cmpfloat(xb_drift_slope(once, 0), ==, 0);
}

/* The host was 2 % slower in an earlier job: that is no drift of this one. */
static void test_earlier_jobs_have_no_part(void)
{
	Job job;

	job_init(&job, 48, 0, 0.002, 7);
	for (guint i = 0; i < 24; i++) {
		job.sample[i] *= 1.02;
		job.boots[i].earlier = true;
	}
	g_autoptr(XbObservations) seen = observe(&job);
	g_assert_cmpfloat(xb_drift_slope(seen, 0.005), ==, 0);
	for (guint i = 0; i < 24; i++)
		job.boots[i].earlier = false;
	g_autoptr(XbObservations) own = observe(&job);
	g_assert_cmpfloat(xb_drift_slope(own, 0.005), <, 0);
	/* and what this job's own drift is does not move them */
	job_init(&job, 48, 0.002, 0.002, 7);
	for (guint i = 0; i < 24; i++)
		job.boots[i].earlier = true;
	g_autoptr(XbObservations) drifts = observe(&job);
	double before = drifts->level[5], slope = xb_drift_slope(drifts, 0.005);
	g_assert_cmpfloat_with_epsilon(slope, 0.002, 0.0005);
	g_assert_cmpfloat_with_epsilon(xb_drift_remove(drifts, slope), 23 * slope, 1e-9);
	g_assert_cmpfloat(drifts->level[5], ==, before);
	g_assert_cmpfloat(drifts->level[47], <, job.boots[47].samples[0]);
}

static void test_the_plan_tells(void)
{
	Job job;
	XbOptions options = plain_options();

	job_init(&job, 24, 0.002, 0.002, 3);
	const XbGraph graph = { IMAGES, job.parent_start, job.parent };
	g_autoptr(XbPlan) plan =
		xb_plan_bisect(&graph, &options, job.nodes, job.boots, job.n, NULL, 0);
	g_test_message("%s", plan->reason->str);
	g_assert_cmpfloat_with_epsilon(plan->drift, 0.047, 0.01);
	g_assert_nonnull(strstr(plan->reason->str, "drifted"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drift/noise is none", test_noise_is_no_drift);
	g_test_add_func("/drift/found and taken out", test_a_drift_is_found_and_taken_out);
	g_test_add_func("/drift/steps, repetition and outliers are none",
			test_steps_repetition_and_outliers_are_none);
	g_test_add_func("/drift/earlier jobs have no part", test_earlier_jobs_have_no_part);
	g_test_add_func("/drift/the plan tells", test_the_plan_tells);
	return g_test_run();
}
