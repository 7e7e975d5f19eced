/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-usage.c - a child's clock: running, idle, gone. */
#include "usage.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that spins or sleeps, below another one. */
static pid_t start(bool spin)
{
	pid_t pid = fork();

	if (pid == 0) {
		pid_t inner;

		setpgid(0, 0);
		inner = fork();
		for (;;)
			if (!spin || inner != 0)
				pause();
	}
	return pid;
}

static double measure(pid_t pid, double seconds)
{
	gint64 end = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
	UsageClock clock;

	runner_usage_start(&clock);
	while (g_get_monotonic_time() < end) {
		g_usleep(20000);
		runner_usage_advance(&clock, pid);
	}
	return clock.seconds;
}

static void stop(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_idle(void)
{
	pid_t pid = start(false);

	g_usleep(50000);
	g_assert_cmpfloat(measure(pid, 0.5), >, 0.4); /* sleeping is time, too */
	stop(pid);
}

static void test_spinning(void)
{
	double cpu_s = 0, seconds;
	bool busy = false;
	pid_t pid = start(true);

	g_usleep(50000);
	seconds = measure(pid, 0.6);
	if (!runner_usage_read(pid, &cpu_s, &busy)) {
		g_test_skip("/proc lists no children here");
	} else {
		g_assert_true(busy);
		/* The descendant's time is seen, and no more than it had. */
		g_assert_cmpfloat(cpu_s, >, 0);
		g_assert_cmpfloat(seconds, <=, cpu_s + 0.05);
	}
	stop(pid);
}

static void test_gone(void)
{
	double cpu_s;
	bool busy;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	g_assert_false(runner_usage_read(pid, &cpu_s, &busy));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/usage/an-idle-child-has-time", test_idle);
	g_test_add_func("/usage/a-spinning-child-has-what-it-ran", test_spinning);
	g_test_add_func("/usage/a-child-that-is-gone-has-none", test_gone);
	return g_test_run();
}
