/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netboot.c - see netboot.h. */
#include "netboot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CONNECTIONS_MAX 128 /* a rack that is switched on at once */
#define PER_ADDRESS_MAX 16
#define CONNECTION_MEM  (16 * 1024)
#define IDLE_S          60 /* a slow line to a slow firmware */

struct XbNetboot {
	struct MHD_Daemon *http;
	int dir;
};

bool xb_netboot_range(const char *text, guint64 size, guint64 *first, guint64 *last)
{
	g_auto(GStrv) ends = NULL;

	if (!text || !g_str_has_prefix(text, "bytes="))
		return false;
	ends = g_strsplit(text + strlen("bytes="), "-", 3);
	if (g_strv_length(ends) != 2 ||
	    !g_ascii_string_to_unsigned(ends[0], 10, 0, G_MAXINT64, first, NULL))
		return false;
	*last = G_MAXINT64;
	if (*ends[1] &&
	    (!g_ascii_string_to_unsigned(ends[1], 10, 0, G_MAXINT64, last, NULL) || *last < *first))
		return false;
	*last = MIN(*last, size ? size - 1 : 0);
	return true;
}

const char *xb_netboot_name(const char *url)
{
	const char *name = url + strspn(url, "/");

	if (!*name || *name == '.' || strstr(name, "/."))
		return NULL;
	return name;
}

/* A regular file beneath the folder, opened without waiting for anything; -1 when there is none. */
static int open_file(const XbNetboot *self, const char *url, struct stat *status)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	const char *name = xb_netboot_name(url);
	int fd = name ? (int)syscall(SYS_openat2, self->dir, name, &how, sizeof(how)) : -1;

	if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static enum MHD_Result answer(struct MHD_Connection *connection, guint status,
			      struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Cache-Control", "no-store");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, guint status, const char *why)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(why), (void *)why, MHD_RESPMEM_PERSISTENT);

	if (response && status == 405)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	return answer(connection, status, response);
}

static enum MHD_Result send_file(struct MHD_Connection *connection, int fd, guint64 size)
{
	const char *range = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range");
	guint64 first = 0, last = 0;
	bool part = xb_netboot_range(range, size, &first, &last);
	struct MHD_Response *response;

	if (part && first >= size) {
		close(fd);
		return refuse(connection, 416, "the file is shorter\n");
	}
	/* The response closes it. */
	response =
		MHD_create_response_from_fd_at_offset64(part ? last - first + 1 : size, fd, first);
	if (!response) {
		close(fd);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "application/octet-stream");
	MHD_add_response_header(response, "Accept-Ranges", "bytes");
	if (part) {
		g_autofree char *text = g_strdup_printf("bytes %" G_GUINT64_FORMAT
							"-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
							first, last, size);

		MHD_add_response_header(response, "Content-Range", text);
	}
	return answer(connection, part ? 206 : 200, response);
}

/* Called with the headers, and once more when the request is complete. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	static char begun;
	struct stat status;
	int fd;

	(void)version;
	(void)upload;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse(connection, 405, "files are read here\n"); /* its body is not */
	if (*state != &begun) {
		*state = &begun;
		return MHD_YES;
	}
	if (*upload_size)
		return MHD_NO; /* nobody has anything to send here */
	fd = open_file(data, url, &status);
	if (fd < 0)
		return refuse(connection, 404, "there is no such file\n");
	return send_file(connection, fd, (guint64)status.st_size);
}

XbNetboot *xb_netboot_new(const char *dir, GSocket *listener, GError **error)
{
	XbNetboot *self = g_new0(XbNetboot, 1);
	int fd = dup(g_socket_get_fd(listener)); /* the server closes it */

	self->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (self->dir < 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "boot_dir=%s: %s", dir,
			    g_strerror(errno));
	} else if (fd < 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", g_strerror(errno));
	} else {
		self->http = MHD_start_daemon(
			MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, self,
			MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
			(guint)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
			(guint)PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (guint)IDLE_S,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEM, MHD_OPTION_END);
		if (!self->http)
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
				    "the server of boot_dir= cannot be started");
	}
	if (self->http)
		return self;
	if (fd >= 0)
		close(fd);
	xb_netboot_free(self);
	return NULL;
}

void xb_netboot_free(XbNetboot *self)
{
	if (!self)
		return;
	if (self->http)
		MHD_stop_daemon(self->http);
	if (self->dir >= 0)
		close(self->dir);
	g_free(self);
}
