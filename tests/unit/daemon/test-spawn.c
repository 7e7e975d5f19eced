/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-spawn.c - what a worker that died left behind is ended, and nobody else.
 */
#include <glib.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol.h"
#include "removal.h"
#include "spawn.h"

#define PATIENCE_MS 60000
#define A_MOMENT_MS 200 /* in which who was killed ends, if it was */

/* One that begins a session, and in it one with a process group of its own, which says its pid. */
typedef struct {
	int leader, member, member_pidfd;
} Session;

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static Session start_session(void)
{
	Session self;
	int ends[2];

	g_assert_cmpint(pipe(ends), ==, 0);
	self.leader = fork();
	if (self.leader == 0) {
		pid_t member;

		setsid();
		member = fork();
		if (member == 0) {
			setpgid(0, 0);
			member = getpid();
			if (write(ends[1], &member, sizeof(member)) != sizeof(member))
				_exit(1);
		}
		wait_for_ever();
	}
	g_assert_cmpint(read(ends[0], &self.member, sizeof(self.member)), ==, sizeof(self.member));
	close(ends[0]);
	close(ends[1]);
	self.member_pidfd = pidfd_open(self.member, 0);
	g_assert_cmpint(self.member_pidfd, >=, 0);
	return self;
}

static void kill_leader(Session *self, bool reap)
{
	siginfo_t info;

	kill(self->leader, SIGKILL);
	g_assert_cmpint(waitid(P_PID, (id_t)self->leader, &info, WEXITED | (reap ? 0 : WNOWAIT)),
			==, 0);
}

static bool member_ends_within(const Session *self, int patience_ms)
{
	struct pollfd fd = { .fd = self->member_pidfd, .events = POLLIN };

	return poll(&fd, 1, patience_ms) == 1;
}

static void end_all(Session *self)
{
	pidfd_send_signal(self->member_pidfd, SIGKILL, NULL, 0);
	close(self->member_pidfd);
	kill(self->leader, SIGKILL);
	waitpid(self->leader, NULL, 0);
}

static void check_ended(bool reap)
{
	Session session = start_session();

	kill_leader(&session, reap);
	xb_spawn_end_session(session.leader);
	g_assert_true(member_ends_within(&session, PATIENCE_MS));
	close(session.member_pidfd);
	if (!reap)
		waitpid(session.leader, NULL, 0);
}

static void a_group_of_its_own_ends_with_a_dead_worker(void)
{
	check_ended(false);
	check_ended(true);
}

static void a_session_whose_leader_lives_is_left_alone(void)
{
	Session session = start_session();

	xb_spawn_end_session(session.leader);
	g_assert_false(member_ends_within(&session, A_MOMENT_MS));
	g_assert_cmpint(kill(session.leader, 0), ==, 0);
	end_all(&session);
}

static void write_in(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void a_pid_of_another_boot_is_nobody(void)
{
	g_autofree char *dir = g_dir_make_tmp("xbisect-spawn-XXXXXX", NULL);
	Session session = start_session();
	g_autofree char *pid = g_strdup_printf("%d", session.leader);

	kill_leader(&session, false);
	write_in(dir, "pid", pid);
	xb_spawn_end_orphans(dir);
	g_assert_false(member_ends_within(&session, A_MOMENT_MS));
	write_in(dir, "pid_space", "00000000-0000-0000-0000-000000000000 pid:[1]\n");
	xb_spawn_end_orphans(dir);
	g_assert_false(member_ends_within(&session, A_MOMENT_MS));
	end_all(&session);
	g_assert_true(xb_remove_at(AT_FDCWD, dir));
}

static void orphans_are_found_by_the_directory(void)
{
	g_autofree char *dir = g_dir_make_tmp("xbisect-spawn-XXXXXX", NULL);
	g_autoptr(json_t) job = json_object();
	g_autoptr(GError) error = NULL;
	char *const argv[] = { (char *)"true", NULL };
	Session session = start_session();
	g_autofree char *pid = g_strdup_printf("%d", session.leader);
	int worker = 0;

	g_assert_true(xb_spawn_write_job(dir, job, &error));
	g_assert_true(xb_spawn(dir, argv, &worker, &error));
	g_assert_no_error(error);
	waitpid(worker, NULL, 0);
	kill_leader(&session, false);
	write_in(dir, "pid", pid);
	xb_spawn_end_orphans(dir);
	g_assert_true(member_ends_within(&session, PATIENCE_MS));
	end_all(&session);
	g_assert_true(xb_remove_at(AT_FDCWD, dir));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spawn/a-group-of-its-own-ends-with-a-dead-worker",
			a_group_of_its_own_ends_with_a_dead_worker);
	g_test_add_func("/spawn/a-session-whose-leader-lives-is-left-alone",
			a_session_whose_leader_lives_is_left_alone);
	g_test_add_func("/spawn/a-pid-of-another-boot-is-nobody", a_pid_of_another_boot_is_nobody);
	g_test_add_func("/spawn/orphans-are-found-by-the-directory",
			orphans_are_found_by_the_directory);
	return g_test_run();
}
