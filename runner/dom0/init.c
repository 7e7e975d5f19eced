/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init.c - see init.h. Process 1 must not exit (the kernel would panic) and
 * must not wait for anything that may not come: whatever fails is said in a
 * frame, and then the power goes off.
 */
#include "init.h"

#include "frame.h"
#include "identity.h"
#include "idle.h"
#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX  64
#define TEXT_MAX  16384
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* A lab machine is asked to start again: its known-good system comes next. */
static _Noreturn void power_off(void)
{
	char end[16];

	frame_send(STDOUT_FILENO, "off", NULL);
	sync();
	if (!identity_argument("xbisect.end", end, sizeof(end)) || strcmp(end, "reboot") != 0)
		reboot(RB_POWER_OFF);
	/* No power control in this kernel: a reset ends the emulator as well. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void mount_at(const char *type, const char *path)
{
	mkdir(path, 0755);
	if (mount(type, path, type, 0, NULL) && errno != EBUSY)
		fprintf(stderr, "xbisect-dom0: %s is not mounted: %s\n", path, strerror(errno));
}

/* A kernel that found no console at boot leaves us without descriptors. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	for (int i = 0; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Split the file @path into its lines, in a static buffer for each @slot. */
static size_t read_lines(const char *path, int slot, char *lines[], size_t max)
{
	static char text[2][TEXT_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got, length = 0;
	size_t n = 0;

	if (fd < 0)
		return 0;
	while (length < TEXT_MAX - 1 &&
	       (got = read(fd, text[slot] + length, (size_t)(TEXT_MAX - 1 - length))) > 0)
		length += got;
	close(fd);
	text[slot][length] = '\0';
	for (char *at = text[slot], *end; n < max && (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		lines[n++] = at;
	}
	return n;
}

static void load_modules(void)
{
	char *paths[ARGS_MAX];
	size_t n = read_lines("/modules.list", 0, paths, ARGS_MAX);

	for (size_t i = 0; i < n; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		/* EEXIST: built in, or loaded by another's request. */
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			fprintf(stderr, "xbisect-dom0: %s is not loaded: %s\n", paths[i],
				strerror(errno));
		if (fd >= 0)
			close(fd);
	}
}

/* Frame each line that comes from @fd, until its last writer is gone. */
static void forward_lines(int fd)
{
	char line[FRAME_PAYLOAD_MAX];
	size_t length = 0;
	char buffer[1024];
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < got; i++) {
			if (buffer[i] != '\n') {
				if (length < sizeof(line) - 1)
					line[length++] = buffer[i];
				continue;
			}
			line[length] = '\0';
			frame_send(STDOUT_FILENO, "out", line);
			length = 0;
		}
	}
}

static int wait_for(pid_t child)
{
	int status = 0;
	pid_t pid;

	do {
		pid = wait(&status);
	} while (pid != child && (pid > 0 || errno == EINTR));
	if (pid != child)
		return 255;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void run_workload(void)
{
	char *argv[ARGS_MAX + 1], number[16];
	size_t n = read_lines("/workload", 1, argv, ARGS_MAX);
	int ends[2];
	pid_t child;

	argv[n] = NULL;
	if (n == 0 || pipe(ends)) {
		frame_send(STDOUT_FILENO, "fail", n ? "no pipe" : "/workload names no program");
		return;
	}
	frame_send(STDOUT_FILENO, "start", NULL);
	MARK(MARK_OTHER);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(argv[0], argv);
		fprintf(stderr, "xbisect-dom0: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	if (child < 0) {
		frame_send(STDOUT_FILENO, "fail", "fork failed");
		return;
	}
	forward_lines(ends[0]);
	snprintf(number, sizeof(number), "%d", wait_for(child));
	MARK(MARK_FLUSH);
	frame_send(STDOUT_FILENO, "end", number);
}

static void tell_idle(unsigned calm_s)
{
	char text[32];

	snprintf(text, sizeof(text), "idle %u", calm_s);
	frame_send(STDOUT_FILENO, "id", text);
}

static unsigned seconds_argument(const char *name, unsigned fallback)
{
	char text[16];

	return identity_argument(name, text, sizeof(text)) ? (unsigned)strtoul(text, NULL, 10)
							   : fallback;
}

/* On a lab machine: which kernel this is, and a while for the machine to calm
 * down after its start. Nothing but the kernel runs here: what keeps the
 * processors busy for longer than we wait is its own, and is measured. */
static void settle(void)
{
	char text[16];
	unsigned wanted_s;

	if (!identity_argument("xbisect.nonce", text, sizeof(text)))
		return;
	identity_send(STDOUT_FILENO);
	wanted_s = seconds_argument("xbisect.idle", 0);
	if (!idle_wait(wanted_s, MAX(wanted_s, seconds_argument("xbisect.idle_max", 0)), tell_idle))
		frame_send(STDOUT_FILENO, "id", "settled no");
}

_Noreturn void init_main(void)
{
	mount_at("devtmpfs", "/dev");
	open_console();
	frame_send(STDOUT_FILENO, "hello", XB_VERSION);
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	load_modules();
	mount_at("xenfs", "/proc/xen");
	settle();
	run_workload();
	power_off();
}
