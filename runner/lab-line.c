/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-line.c - see lab-line.h. */
#include "lab-line.h"

#include "lab-template.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

bool lab_line_split(const char *address, char **host, char **port)
{
	const char *colon = strrchr(address, ':');
	gsize length = colon ? (gsize)(colon - address) : 0;

	if (length == 0 || !colon[1])
		return false;
	if (address[0] == '[' && address[length - 1] == ']')
		*host = g_strndup(address + 1, length - 2);
	else if (memchr(address, ':', length))
		return false;
	else
		*host = g_strndup(address, length);
	*port = g_strdup(colon + 1);
	return true;
}

static bool fail_errno(const char *what, GError **error)
{
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "console %s: %s", what, g_strerror(errno));
}

/* The name is looked up in place: a console server has a number or a name that
 * this machine knows. */
static bool open_tcp(const char *address, guint attempt, LabLine *line, GError **error)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	g_autofree char *host = NULL, *port = NULL;
	struct addrinfo *found = NULL;
	const struct addrinfo *chosen;
	guint n = 0;
	int status;

	if (!lab_line_split(address, &host, &port))
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"console_address=%s is not HOST:PORT", address);
	status = getaddrinfo(host, port, &hints, &found);
	if (status)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "console %s: %s", address,
				gai_strerror(status));
	for (chosen = found; chosen; chosen = chosen->ai_next)
		n++;
	if (n == 0)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "console %s: no address", address);
	chosen = found;
	for (guint i = 0; i < attempt % n; i++)
		chosen = chosen->ai_next;
	line->fd = socket(chosen->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (line->fd < 0 ||
	    (connect(line->fd, chosen->ai_addr, chosen->ai_addrlen) != 0 && errno != EINPROGRESS)) {
		fail_errno(address, error);
		lab_line_close(line);
	}
	freeaddrinfo(found);
	if (line->fd >= 0)
		setsockopt(line->fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
	return line->fd >= 0;
}

static bool open_unix(const char *path, LabLine *line, GError **error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"console_path=%s is longer than a socket's path can be", path);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	line->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (line->fd >= 0 &&
	    connect(line->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	fail_errno(path, error);
	lab_line_close(line);
	return false;
}

static const struct {
	guint bits;
	speed_t speed;
} speeds[] = { { 9600, B9600 },     { 19200, B19200 },   { 38400, B38400 },
	       { 57600, B57600 },   { 115200, B115200 }, { 230400, B230400 },
	       { 460800, B460800 }, { 921600, B921600 }, { 1500000, B1500000 } };

static bool open_device(const char *path, guint bits, LabLine *line, GError **error)
{
	struct termios mode;
	speed_t speed = 0;

	for (guint i = 0; i < G_N_ELEMENTS(speeds); i++)
		if (speeds[i].bits == bits)
			speed = speeds[i].speed;
	if (!speed)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"console_speed=%u is no speed of a serial line", bits);
	line->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (line->fd < 0)
		return fail_errno(path, error);
	if (tcgetattr(line->fd, &mode) == 0) {
		cfmakeraw(&mode);
		mode.c_cflag |= CLOCAL | CREAD;
		cfsetspeed(&mode, speed);
		if (tcsetattr(line->fd, TCSANOW, &mode) == 0)
			return true;
	}
	fail_errno(path, error);
	lab_line_close(line);
	return false;
}

static bool open_pipes(int in[2], int out[2], GError **error)
{
	if (!g_unix_open_pipe(in, FD_CLOEXEC, error))
		return false;
	if (g_unix_open_pipe(out, FD_CLOEXEC, error))
		return true;
	close(in[0]);
	close(in[1]);
	return false;
}

/* The same ends of a terminal: `ipmitool sol` wants one, and keeps what it says back without. */
static bool open_terminal(int in[2], int out[2], GError **error)
{
	char name[64];
	struct termios mode;
	int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), theirs = -1;

	if (ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0 &&
	    ptsname_r(ours, name, sizeof(name)) == 0)
		theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (theirs < 0 || tcgetattr(theirs, &mode) != 0) {
		fail_errno("terminal", error);
		if (theirs >= 0)
			close(theirs);
		if (ours >= 0)
			close(ours);
		return false;
	}
	cfmakeraw(&mode);
	tcsetattr(theirs, TCSANOW, &mode);
	in[0] = theirs;
	in[1] = -1;
	out[0] = ours;
	out[1] = fcntl(theirs, F_DUPFD_CLOEXEC, 0);
	return true;
}

/* Standard input stays open and empty: `ipmitool sol` ends at its end. What it complains of
 * is no output of the machine. */
static bool open_command(Lab *lab, LabLine *line, GError **error)
{
	const LabHost *host = lab->host;
	g_auto(GStrv) argv = NULL;
	int in[2], out[2];

	if (!host->console_command)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "console_command= is missing");
	argv = lab_template_argv("console_command", host->console_command, host->values, error);
	if (!argv || !(host->console == LAB_CONSOLE_IPMI ? open_terminal(in, out, error)
							 : open_pipes(in, out, error)))
		return false;
	line->pid = runner_child_start(argv, NULL, in[0], out[1], lab->log ? fileno(lab->log) : -1,
				       0, error);
	close(in[0]);
	close(out[1]);
	line->hold = in[1];
	line->fd = out[0];
	if (line->pid < 0 || !g_unix_set_fd_nonblocking(line->fd, TRUE, error)) {
		lab_line_close(line);
		g_prefix_error(error, "console_command: ");
		return false;
	}
	return true;
}

bool lab_line_open(Lab *lab, guint attempt, LabLine *line, GError **error)
{
	const LabHost *host = lab->host;

	*line = LAB_LINE_CLOSED;
	switch (host->console) {
	case LAB_CONSOLE_TCP:
		return open_tcp(host->console_address, attempt, line, error);
	case LAB_CONSOLE_UNIX:
		return open_unix(host->console_address, line, error);
	case LAB_CONSOLE_DEVICE:
		return open_device(host->console_address, host->console_speed, line, error);
	case LAB_CONSOLE_COMMAND:
	case LAB_CONSOLE_IPMI:
		return open_command(lab, line, error);
	case LAB_CONSOLE_NONE:
		break;
	}
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "there is no console");
}

int lab_line_error(const LabLine *line)
{
	int value = 0;
	socklen_t length = sizeof(value);

	if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &value, &length) != 0)
		return 0; /* no socket */
	return value;
}

void lab_line_close(LabLine *line)
{
	if (line->fd >= 0)
		close(line->fd);
	if (line->hold >= 0)
		close(line->hold);
	if (line->pid > 0)
		runner_child_end(line->pid, 1);
	*line = LAB_LINE_CLOSED;
}
