/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-net.c - see lab-net.h. */
#include "lab-net.h"

#include "lab-args.h"
#include "lab-marks.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX LAB_FILE_PREFIX

/* On to the machine's next boot device. */
static const char *const exit_scripts[] = {
	[LAB_NET_IPXE] = "#!ipxe\necho xbisect: the known-good system\nexit\n",
	[LAB_NET_GRUB] = "echo 'xbisect: the known-good system'\nexit\n",
};

static char *ipxe_script(const LabNetEntry *entry)
{
	return g_strdup_printf("#!ipxe\n"
			       "echo " LAB_ENTRY_TEXT "%s\n"
			       "kernel %s xen " LAB_NONCE_TEXT "%s %s\n"
			       "module %s kernel " LAB_NONCE_TEXT "%s %s\n"
			       "module %s initramfs\n"
			       "imgstat ||\n"
			       "boot\n",
			       entry->nonce, entry->xen, entry->nonce, entry->xen_args,
			       entry->kernel, entry->nonce, entry->kernel_args, entry->initramfs);
}

/* The folder is where this script was found. GRUB has no "and": a file that it can't load is
 * followed by no `boot`. */
static char *grub_script(const LabNetEntry *entry)
{
	g_autofree char *xen_args = lab_args_for_grub(entry->xen_args);
	g_autofree char *kernel_args = lab_args_for_grub(entry->kernel_args);

	return g_strdup_printf(
		"if [ -f ${config_directory}/local.cfg ]; then source "
		"${config_directory}/local.cfg; fi\n"
		"echo '" LAB_ENTRY_TEXT "%s'\n"
		"insmod hashsum\ninsmod gcry_sha256\ninsmod multiboot2\n"
		"if sha256sum --check ${config_directory}/%s --prefix ${config_directory}; then\n"
		"if multiboot2 ${config_directory}/%s xen " LAB_NONCE_TEXT "%s %s; then\n"
		"if module2 --nounzip ${config_directory}/%s kernel " LAB_NONCE_TEXT "%s %s; then\n"
		"if module2 --nounzip ${config_directory}/%s initramfs; then\n"
		"boot\n"
		"fi; fi; fi; fi\n"
		"echo '" LAB_UNLOADED_TEXT "%s'\n",
		entry->nonce, entry->sums, entry->xen, entry->nonce, xen_args, entry->kernel,
		entry->nonce, kernel_args, entry->initramfs, entry->nonce);
}

char *lab_net_script(LabNetLoader loader, const LabNetEntry *entry)
{
	return loader == LAB_NET_GRUB ? grub_script(entry) : ipxe_script(entry);
}

char *lab_net_sums(const char *const *names, GBytes *const *files, gsize count)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < count; i++) {
		g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, files[i]);

		g_string_append_printf(text, "%s  %s\n", sum, names[i]);
	}
	return g_strdup(text->str);
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

static bool publish_all(Lab *lab, const char *const *names, GBytes *const *files, gsize count,
			GError **error)
{
	for (gsize i = 0; i < count; i++) {
		gsize length;
		const void *data = g_bytes_get_data(files[i], &length);

		if (!lab_net_publish(lab->host->net_dir, names[i], data, length, error))
			return false;
	}
	return true;
}

bool lab_net_deploy(Lab *lab, const char *kernel_path, const char *kernel_args, GBytes *xen,
		    GBytes *initramfs, GError **error)
{
	const LabHost *host = lab->host;
	g_autofree char *xen_name = g_strdup_printf(PREFIX "%s.xen", lab->nonce);
	g_autofree char *kernel_name = g_strdup_printf(PREFIX "%s.kernel", lab->nonce);
	g_autofree char *initramfs_name = g_strdup_printf(PREFIX "%s.initramfs", lab->nonce);
	g_autofree char *sums_name = g_strdup_printf(PREFIX "%s.sums", lab->nonce);
	const char *const names[] = { xen_name, kernel_name, initramfs_name };
	const LabNetEntry entry = { .nonce = lab->nonce,
				    .xen = xen_name,
				    .kernel = kernel_name,
				    .initramfs = initramfs_name,
				    .xen_args = host->xen_args,
				    .kernel_args = kernel_args,
				    .sums = sums_name };
	g_autofree char *script = lab_net_script(host->net_loader, &entry);
	g_autofree char *sums = NULL;
	g_autoptr(GMappedFile) kernel = g_mapped_file_new(kernel_path, FALSE, error);
	g_autoptr(GBytes) kernel_bytes = kernel ? g_mapped_file_get_bytes(kernel) : NULL;
	GBytes *const files[] = { xen, kernel_bytes, initramfs };

	if (!kernel_bytes || !publish_all(lab, names, files, G_N_ELEMENTS(files), error))
		return false;
	if (host->net_loader == LAB_NET_GRUB)
		sums = lab_net_sums(names, files, G_N_ELEMENTS(files));
	return (!sums || lab_net_publish(host->net_dir, sums_name, sums, strlen(sums), error)) &&
	       lab_net_publish(host->net_dir, host->net_script, script, strlen(script), error);
}

char *lab_net_announce(LabNetLoader loader, const char *script, const char *nonce)
{
	/* iPXE wants its "#!ipxe" first. */
	const char *newline = loader == LAB_NET_IPXE ? strchr(script, '\n') : NULL;
	const char *rest = newline ? newline + 1 : script;

	return g_strdup_printf("%.*secho " LAB_ENTRY_TEXT "%s\n%s", (int)(rest - script), script,
			       nonce, rest);
}

bool lab_net_known_good(Lab *lab, GError **error)
{
	const LabHost *host = lab->host;
	g_autofree char *text = NULL;
	g_autofree char *said = NULL;

	if (!host->net_known_good)
		text = g_strdup(exit_scripts[host->net_loader]);
	else if (!g_file_get_contents(host->net_known_good, &text, NULL, error))
		return false;
	if (lab->announce)
		said = lab_net_announce(host->net_loader, text, lab->nonce);
	return lab_net_publish(host->net_dir, host->net_script, said ? said : text,
			       strlen(said ? said : text), error);
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
