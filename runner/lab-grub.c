/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-grub.c - see lab-grub.h. */
#include "lab-grub.h"

#include "lab-ssh.h"

#include <string.h>

#define BEGIN  "### BEGIN xbisect: written by xbisect-run, do not edit ###\n"
#define END    "### END xbisect ###\n"
#define SEND_S 600 /* of a kernel, over a slow line */

char *lab_grub_entry(const LabGrubEntry *entry)
{
	g_autofree char *ramdisk =
		entry->ramdisk ? g_strdup_printf("\tmodule2 --nounzip %s\n", entry->ramdisk) : NULL;

	/* GRUB finds each file by search, as the root is another where /boot is a
	 * file system of its own: "search --file" looks through all of them. */
	return g_strdup_printf(BEGIN "menuentry 'kernel under test' --id " LAB_GRUB_ID " {\n"
				     "\techo '" LAB_ENTRY_TEXT "%s'\n"
				     "\tinsmod part_gpt\n\tinsmod part_msdos\n\tinsmod ext2\n"
				     "\tinsmod gzio\n\tinsmod multiboot2\n"
				     "\tsearch --no-floppy --set=root --file %s\n"
				     "\tmultiboot2 %s xen " LAB_NONCE_TEXT "%s %s\n"
				     "\tmodule2 %s kernel " LAB_NONCE_TEXT "%s %s\n"
				     "%s}\n" END,
			       entry->nonce, entry->kernel, entry->xen, entry->nonce,
			       entry->xen_args, entry->kernel, entry->nonce, entry->kernel_args,
			       ramdisk ? ramdisk : "");
}

char *lab_grub_edit(const char *custom_cfg, const char *entry)
{
	const char *begin = strstr(custom_cfg, BEGIN);
	const char *end = begin ? strstr(begin, END) : NULL;
	g_autofree char *head =
		begin ? g_strndup(custom_cfg, (gsize)(begin - custom_cfg)) : g_strdup(custom_cfg);
	/* An entry that was cut off has no end: all after its begin goes. */
	const char *tail = end ? end + strlen(END) : "";
	gsize length = strlen(head);
	bool newline = length > 0 && head[length - 1] != '\n';

	return g_strconcat(head, newline ? "\n" : "", entry ? entry : "", tail, NULL);
}

/* ---- scripts for the machine ------------------------------------------------------ */

/* Shell words that every script begins with. */
static char *preamble(const LabHost *host)
{
	g_autofree char *grub = g_shell_quote(host->grub_dir);
	g_autofree char *boot = g_shell_quote(host->boot_dir);
	g_autofree char *good = g_shell_quote(host->grub_known_good ? host->grub_known_good : "");

	return g_strdup_printf(
		"G=%s; B=%s; good=%s; env=$G/grubenv\n"
		"PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin\n"
		"die() { echo \"$*\" >&2; exit 3; }\n"
		"t() { command -v grub-$1 2>/dev/null || command -v grub2-$1 2>/dev/null; }\n"
		"E=$(t editenv) && R=$(t reboot) && S=$(t set-default) || "
		"die 'grub-editenv, grub-reboot or grub-set-default is not there: install "
		"grub2-common'\n"
		"o=; \"$R\" --help 2>&1 | grep -q boot-directory && o=--boot-directory=${G%%/*}\n",
		grub, boot, good);
}

/* GRUB itself writes the environment at boot, block by block: not on RAID, LVM,
 * btrfs or ZFS. There it would boot the kernel under test again and again. */
static const char check_script[] =
	"[ -d \"$G\" ] || die \"$G is no directory: set grub_dir=\"\n"
	"[ -f \"$env\" ] || \"$E\" \"$env\" create || die \"$env can't be made\"\n"
	"p=$(t probe); if [ -n \"$p\" ]; then\n"
	"	a=$(\"$p\" --target=abstraction \"$env\" 2>/dev/null | tr '\\n' ' ')\n"
	"	f=$(\"$p\" --target=fs \"$env\" 2>/dev/null)\n"
	"	case \"$a $f\" in *diskfilter*|*lvm*|*mdraid*|*btrfs*|*zfs*|*cryptodisk*) die "
	"\"GRUB "
	"can't write $env ($a$f), so it would not forget our entry: put $G on a plain "
	"partition, or use boot=net\" ;; esac\n"
	"fi\n"
	"\"$E\" \"$env\" set xbisect_check=$$ && \"$E\" \"$env\" list | grep -qx "
	"xbisect_check=$$ && \"$E\" \"$env\" unset xbisect_check || die \"$env can't be "
	"written\"\n"
	"[ -n \"$good\" ] || good=$(\"$E\" \"$env\" list | sed -n 's/^saved_entry=//p')\n"
	"[ -n \"$good\" ] || die 'no default entry is saved: write GRUB_DEFAULT=saved into "
	"/etc/default/grub, run update-grub, and name the known-good entry by grub-set-default "
	"or grub_known_good='\n"
	"case $good in " LAB_GRUB_ID ") die 'the saved default is our own entry' ;; esac\n"
	"if [ -f \"$G/grub.cfg\" ]; then grep -q next_entry \"$G/grub.cfg\" || die "
	"\"$G/grub.cfg does not look at next_entry: write GRUB_DEFAULT=saved and run "
	"update-grub\"\n"
	"grep -q custom.cfg \"$G/grub.cfg\" || die \"$G/grub.cfg does not read custom.cfg: "
	"41_custom is missing\"; fi\n"
	"l=${good##*>}; cat \"$G\"/*.cfg 2>/dev/null | grep -qF \"$l\" || die \"there is no menu "
	"entry $good\"\n"
	"mkdir -p \"$B\" && touch \"$B/.check\" && rm \"$B/.check\" || die \"$B can't be "
	"written: \"\n";

static const char good_script[] =
	"\"$E\" \"$env\" unset next_entry || die \"$env can't be written\"\n"
	"if [ -n \"$good\" ]; then \"$S\" $o \"$good\" || die \"grub-set-default failed\"; fi\n"
	"s=$(\"$E\" \"$env\" list) || die \"$env can't be read\"\n"
	"case \"$s\" in *next_entry=?*) die 'next_entry is not cleared' ;; esac\n"
	"sync\n";

static const char next_script[] =
	"\"$R\" $o " LAB_GRUB_ID " || die 'grub-reboot failed'\n"
	"\"$E\" \"$env\" list | grep -qx next_entry=" LAB_GRUB_ID " || die \"next_entry was not "
	"written to $env\"\n"
	"sync\n";

static bool run_script(Lab *lab, const char *what, const char *body, LabResult *result,
		       GError **error)
{
	g_autofree char *first = preamble(lab->host);
	g_autofree char *script = g_strconcat(first, body, NULL);

	return lab_ssh_script_ok(lab, what, script, lab->host->ssh_deadline_s, result, error);
}

bool lab_grub_known_good(Lab *lab, GError **error)
{
	g_auto(LabResult) result = { 0 };

	return run_script(lab, "known-good entry", good_script, &result, error);
}

bool lab_grub_check(Lab *lab, char **detail, GError **error)
{
	g_autofree char *script = g_strconcat(check_script, "echo \"$good\"\n", NULL);
	g_auto(LabResult) result = { 0 };

	if (!run_script(lab, "check GRUB", script, &result, error))
		return false;
	*detail = g_strdup_printf("its environment can be written; the default entry is %s",
				  g_strstrip(result.out));
	return true;
}

/* ---- deploying ------------------------------------------------------------------- */

/* What only the machine knows: its newest Xen, its root, its custom.cfg. */
static const char ask_script[] =
	"echo \"xen $(ls -1 /boot/xen-*.gz /boot/xen.gz 2>/dev/null | sort -V | tail -n 1)\"\n"
	"echo \"cmdline $(cat /proc/cmdline)\"\n"
	"echo \"mount $(df -P \"$B\" 2>/dev/null | awk 'NR == 2 { print $6 }')\"\n"
	"echo custom; cat \"$G/custom.cfg\" 2>/dev/null; :\n";

typedef struct {
	char *xen, *cmdline, *mount, *custom;
} Answer;

static void answer_clear(Answer *self)
{
	g_free(self->xen);
	g_free(self->cmdline);
	g_free(self->mount);
	g_free(self->custom);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static char *answer_line(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	const char *end = at ? strchr(at, '\n') : NULL;

	return end ? g_strstrip(g_strndup(at + strlen(key), (gsize)(end - at) - strlen(key)))
		   : g_strdup("");
}

static bool ask(Lab *lab, Answer *answer, GError **error)
{
	g_auto(LabResult) result = { 0 };
	g_autofree char *script = g_strconcat(check_script, ask_script, NULL);
	char *custom;

	if (!run_script(lab, "prepare GRUB", script, &result, error))
		return false;
	custom = strstr(result.out, "custom\n");
	if (!custom) {
		lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "prepare GRUB: no answer");
		return false;
	}
	answer->custom = g_strdup(custom + strlen("custom\n"));
	*custom = '\0';
	answer->xen = answer_line(result.out, "xen ");
	answer->cmdline = answer_line(result.out, "cmdline ");
	answer->mount = answer_line(result.out, "mount ");
	return true;
}

/* "root=..." and how it is mounted, of the known-good system's command line. */
static char *root_args(const char *cmdline)
{
	static const char *const kept[] = { "root=", "rootfstype=", "rootflags=", "ro", "rw" };
	g_auto(GStrv) words = g_strsplit_set(cmdline, " \t", -1);
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; words[i]; i++)
		for (guint k = 0; k < G_N_ELEMENTS(kept); k++) {
			bool prefix = g_str_has_suffix(kept[k], "=");

			if (prefix ? g_str_has_prefix(words[i], kept[k])
				   : strcmp(words[i], kept[k]) == 0)
				g_string_append_printf(out, "%s ", words[i]);
		}
	return g_strdup(out->str);
}

/* A path on the machine as GRUB sees it: below the mount point of its file
 * system. Caller frees. */
static char *grub_path(const char *path, const char *mount)
{
	gsize length = strlen(mount);

	if (length > 1 && strncmp(path, mount, length) == 0 && path[length] == '/')
		return g_strdup(path + length);
	return g_strdup(path);
}

static bool send_file(Lab *lab, const char *path, const char *name, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);
	g_autofree char *target = g_build_filename(lab->host->boot_dir, name, NULL);

	return file && lab_ssh_send(lab, target, "644", g_mapped_file_get_contents(file),
				    g_mapped_file_get_length(file), SEND_S, error);
}

static bool send_bytes(Lab *lab, GBytes *bytes, const char *name, GError **error)
{
	g_autofree char *target = g_build_filename(lab->host->boot_dir, name, NULL);
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);

	return lab_ssh_send(lab, target, "644", data, length, SEND_S, error);
}

static bool send_all(LabBoot *boot, GError **error)
{
	Lab *lab = boot->lab;

	return send_file(lab, boot->kernel_path, "kernel", error) &&
	       (!boot->xen || send_bytes(lab, boot->xen, "xen", error)) &&
	       (!boot->initramfs || send_bytes(lab, boot->initramfs, "ramdisk", error)) &&
	       (boot->initramfs || !lab->host->initrd ||
		send_file(lab, lab->host->initrd, "ramdisk", error));
}

static bool send_entry(LabBoot *boot, const Answer *answer, GError **error)
{
	const LabHost *host = boot->lab->host;
	bool ramdisk = boot->initramfs || host->initrd;
	g_autofree char *dir = grub_path(host->boot_dir, answer->mount);
	g_autofree char *kernel = g_build_filename(dir, "kernel", NULL);
	g_autofree char *own_xen = g_build_filename(dir, "xen", NULL);
	g_autofree char *its_xen =
		grub_path(host->grub_xen ? host->grub_xen : answer->xen, answer->mount);
	g_autofree char *ramdisk_path = g_build_filename(dir, "ramdisk", NULL);
	g_autofree char *root = root_args(answer->cmdline);
	g_autofree char *disk_args = g_strconcat(root, host->kernel_args, NULL);
	const LabGrubEntry entry = { .nonce = boot->lab->nonce,
				     .xen = boot->xen ? own_xen : its_xen,
				     .xen_args = host->xen_args,
				     .kernel = kernel,
				     .kernel_args =
					     boot->kernel_args ? boot->kernel_args : disk_args,
				     .ramdisk = ramdisk ? ramdisk_path : NULL };
	g_autofree char *text = lab_grub_entry(&entry);
	g_autofree char *custom = lab_grub_edit(answer->custom, text);
	g_autofree char *target = g_build_filename(host->grub_dir, "custom.cfg", NULL);

	if (!*entry.xen)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"no Xen is in /boot of the machine: install one there, or set xen= "
				"or grub_xen=");
	return lab_ssh_send(boot->lab, target, "644", custom, strlen(custom), host->ssh_deadline_s,
			    error);
}

bool lab_grub_deploy(LabBoot *boot, GError **error)
{
	g_auto(Answer) answer = { 0 };
	g_auto(LabResult) result = { 0 };

	return ask(boot->lab, &answer, error) && send_all(boot, error) &&
	       send_entry(boot, &answer, error) &&
	       run_script(boot->lab, "boot once", next_script, &result, error);
}
