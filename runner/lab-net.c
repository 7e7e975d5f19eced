/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-net.c - see lab-net.h. */
#include "lab-net.h"

#include "lab-marks.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX LAB_FILE_PREFIX

/* iPXE goes on to the machine's next boot device. */
static const char exit_script[] = "#!ipxe\necho xbisect: the known-good system\nexit\n";

char *lab_net_script(const char *nonce, const char *xen, const char *xen_args, const char *kernel,
		     const char *kernel_args, const char *initramfs)
{
	return g_strdup_printf("#!ipxe\n"
			       "echo " LAB_ENTRY_TEXT "%s\n"
			       "kernel %s xen " LAB_NONCE_TEXT "%s %s\n"
			       "module %s kernel " LAB_NONCE_TEXT "%s %s\n"
			       "module %s initramfs\n"
			       "imgstat ||\n"
			       "boot\n",
			       nonce, xen, nonce, xen_args, kernel, nonce, kernel_args, initramfs);
}

static bool fail_path(const char *path, GError **error)
{
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", path, g_strerror(errno));
}

static bool write_all(int fd, const char *data, gsize length)
{
	while (length > 0) {
		ssize_t wrote = write(fd, data, MIN(length, 1u << 30));

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		data += wrote;
		length -= (gsize)wrote;
	}
	return true;
}

bool lab_net_publish(const char *dir, const char *name, const void *data, gsize length,
		     GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autofree char *new = g_strdup_printf("%s/.%s.%d.new", dir, name, (int)getpid());
	int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	bool written =
		fd >= 0 && write_all(fd, data, length) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	int problem = errno;

	if (fd >= 0 && close(fd) != 0 && written) {
		problem = errno;
		written = false;
	}
	if (written && rename(new, path) == 0)
		return true;
	if (written)
		problem = errno;
	if (fd >= 0)
		g_unlink(new);
	errno = problem;
	return fail_path(path, error);
}

static bool publish_bytes(Lab *lab, const char *name, GBytes *bytes, GError **error)
{
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);

	return lab_net_publish(lab->host->net_dir, name, data, length, error);
}

bool lab_net_deploy(Lab *lab, const char *kernel_path, const char *kernel_args, GBytes *xen,
		    GBytes *initramfs, GError **error)
{
	const LabHost *host = lab->host;
	g_autofree char *xen_name = g_strdup_printf(PREFIX "%s.xen", lab->nonce);
	g_autofree char *kernel_name = g_strdup_printf(PREFIX "%s.kernel", lab->nonce);
	g_autofree char *initramfs_name = g_strdup_printf(PREFIX "%s.initramfs", lab->nonce);
	g_autofree char *script = lab_net_script(lab->nonce, xen_name, host->xen_args, kernel_name,
						 kernel_args, initramfs_name);
	g_autoptr(GMappedFile) kernel = g_mapped_file_new(kernel_path, FALSE, error);
	g_autoptr(GBytes) kernel_bytes = kernel ? g_mapped_file_get_bytes(kernel) : NULL;

	return kernel_bytes && publish_bytes(lab, xen_name, xen, error) &&
	       publish_bytes(lab, kernel_name, kernel_bytes, error) &&
	       publish_bytes(lab, initramfs_name, initramfs, error) &&
	       lab_net_publish(host->net_dir, host->net_script, script, strlen(script), error);
}

bool lab_net_known_good(Lab *lab, GError **error)
{
	const LabHost *host = lab->host;
	g_autofree char *text = NULL;
	gsize length = strlen(exit_script);

	if (host->net_known_good &&
	    !g_file_get_contents(host->net_known_good, &text, &length, error))
		return false;
	return lab_net_publish(host->net_dir, host->net_script, text ? text : exit_script, length,
			       error);
}

/* "xbisect-" and 32 hexadecimal digits, so that nobody else's file goes. */
static bool is_ours(const char *name)
{
	gsize digits;

	if (*name == '.')
		name++;
	if (!g_str_has_prefix(name, PREFIX))
		return false;
	name += strlen(PREFIX);
	digits = strspn(name, "0123456789abcdef");
	return digits == 32 && name[digits] == '.';
}

void lab_net_clean(Lab *lab)
{
	g_autoptr(GDir) dir = g_dir_open(lab->host->net_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(lab->host->net_dir, name, NULL);

		if (is_ours(name))
			g_unlink(path);
	}
}
