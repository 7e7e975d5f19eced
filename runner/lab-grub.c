/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-grub.c - see lab-grub.h. */
#include "lab-grub.h"

#include "lab-args.h"
#include "lab-ssh.h"

#include <string.h>

#define BEGIN  "### BEGIN xbisect: written by xbisect-run, do not edit ###\n"
#define END    "### END xbisect ###\n"
#define SEND_S 600 /* of a kernel, over a slow line */

char *lab_grub_entry(const LabGrubEntry *entry)
{
	g_autofree char *ramdisk =
		entry->ramdisk ? g_strdup_printf("\tmodule2 --nounzip %s\n", entry->ramdisk) : NULL;
	g_autofree char *xen_args = lab_args_for_grub(entry->xen_args);
	g_autofree char *kernel_args = lab_args_for_grub(entry->kernel_args);

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
			       entry->nonce, entry->kernel, entry->xen, entry->nonce, xen_args,
			       entry->kernel, entry->nonce, kernel_args, ramdisk ? ramdisk : "");
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
		"o=; dir() { [ \"${G%%/*}\" = /boot ] || "
		"! \"$R\" --help 2>&1 | grep -q boot-directory || "
		"o=--boot-directory=${G%%/*}; }\n"
		"nl='\n'; s=; saved() { v=\"$nl$s$nl\"; case $v in *\"${nl}saved_entry=\"*) "
		"v=${v#*\"${nl}saved_entry=\"}; echo \"${v%%%%\"$nl\"*}\" ;; esac; }\n",
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
	"\"$E\" \"$env\" set xbisect_check=$$ && s=$(\"$E\" \"$env\" list) && \"$E\" \"$env\" "
	"unset "
	"xbisect_check || die \"$env can't be written\"\n"
	"case \"$nl$s$nl\" in *\"${nl}xbisect_check=$$$nl\"*) ;; *) die \"$env can't be written\" "
	";; esac\n"
	"[ -n \"$good\" ] || good=$(saved)\n"
	"[ -n \"$good\" ] || die 'no default entry is saved: write GRUB_DEFAULT=saved into "
	"/etc/default/grub, run update-grub, and name the known-good entry by grub-set-default "
	"or grub_known_good='\n"
	"case $good in " LAB_GRUB_ID ") die 'the saved default is our own entry' ;; esac\n"
	"if [ -f \"$G/grub.cfg\" ]; then v=$(cat \"$G/grub.cfg\"); case $v in *next_entry*) ;; *) "
	"die "
	"\"$G/grub.cfg does not look at next_entry: write GRUB_DEFAULT=saved and run "
	"update-grub\" ;; esac\n"
	"case $v in *custom.cfg*) ;; *) die \"$G/grub.cfg does not read custom.cfg: "
	"41_custom is missing\" ;; esac; fi\n"
	"v=$(cat \"$G\"/*.cfg 2>/dev/null); case $v in *\"${good##*>}\"*) ;; *) die \"there is no "
	"menu "
	"entry $good\" ;; esac\n"
	"mkdir -p \"$B\" && touch \"$B/.check\" && rm \"$B/.check\" || die \"$B can't be "
	"written: \"\n";

/* Most often all is as it should be: then nothing is written. */
static const char good_script[] =
	"s=$(\"$E\" \"$env\" list) || die \"$env can't be read\"\n"
	"w=; [ -n \"$good\" ] || good=$(saved)\n"
	"case \"$s\" in *next_entry=*|*prev_saved_entry=*) w=1 ;; esac\n"
	"[ \"$(saved)\" = \"$good\" ] || w=1\n"
	"if [ -n \"$w\" ]; then\n"
	"	\"$E\" \"$env\" unset next_entry || die \"$env can't be written\"\n"
	"	if [ -n \"$good\" ]; then dir; \"$S\" $o \"$good\" || die \"grub-set-default "
	"failed\"; fi\n"
	"	s=$(\"$E\" \"$env\" list) || die \"$env can't be read\"\n"
	"	case \"$s\" in *next_entry=?*) die 'next_entry is not cleared' ;; esac\n"
	"	sync\n"
	"fi\n";

static const char next_script[] =
	"dir; \"$R\" $o " LAB_GRUB_ID " || die 'grub-reboot failed'\n"
	"s=$(\"$E\" \"$env\" list); case \"$nl$s$nl\" in *\"${nl}next_entry=" LAB_GRUB_ID
	"$nl\"*) ;; *) die \"next_entry was not written to $env\" ;; esac\n"
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

/* What only the machine knows: its newest Xen, its root, its custom.cfg, and which files are there
 * already, of those named in $files as NAME:SIZE. */
static const char ask_script[] =
	"echo \"xen $(ls -1 /boot/xen-*.gz /boot/xen.gz 2>/dev/null | sort -V | tail -n 1)\"\n"
	"read -r v </proc/cmdline; echo \"cmdline $v\"\n"
	"echo \"mount $(df -P \"$B\" 2>/dev/null | awk 'NR == 2 { print $6 }')\"\n"
	"for f in $files; do [ ! -f \"$B/${f%:*}\" ] || "
	"[ \"$(wc -c <\"$B/${f%:*}\")\" -ne ${f#*:} ] || "
	"echo \"there ${f%:*} $(sha256sum <\"$B/${f%:*}\")\"; done\n"
	"echo custom; cat \"$G/custom.cfg\" 2>/dev/null; :\n";

typedef struct {
	char *xen, *cmdline, *mount, *custom;
	char *there; /* lines "there NAME SHA256  -" */
} Answer;

static void answer_clear(Answer *self)
{
	g_free(self->xen);
	g_free(self->cmdline);
	g_free(self->mount);
	g_free(self->custom);
	g_free(self->there);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* What follows @key, up to the line's end. Caller frees. */
static char *answer_line(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	const char *value = at ? at + strlen(key) : "";

	return g_strstrip(g_strndup(value, strcspn(value, "\n")));
}

/* A file of ours for the machine. */
typedef struct {
	const char *name; /* below boot_dir= */
	GBytes *bytes;
} Part;

#define PARTS 3

static bool map_part(Part *part, const char *name, const char *path, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

	if (!file)
		return false;
	*part = (Part){ name, g_mapped_file_get_bytes(file) };
	return true;
}

/* What is sent; parts that the machine has itself stay empty. */
static bool parts_read(const LabBoot *boot, Part parts[PARTS], GError **error)
{
	const LabHost *host = boot->lab->host;

	if (boot->xen)
		parts[1] = (Part){ "xen", g_bytes_ref(boot->xen) };
	if (boot->initramfs)
		parts[2] = (Part){ "ramdisk", g_bytes_ref(boot->initramfs) };
	else if (host->initrd && !map_part(&parts[2], "ramdisk", host->initrd, error))
		return false;
	return map_part(&parts[0], "kernel", boot->kernel_path, error);
}

static void parts_clear(Part parts[PARTS])
{
	for (guint i = 0; i < PARTS; i++)
		g_clear_pointer(&parts[i].bytes, g_bytes_unref);
}

static bool ask(Lab *lab, const Part parts[PARTS], Answer *answer, GError **error)
{
	g_autoptr(GString) script = g_string_new("files='");
	g_auto(LabResult) result = { 0 };
	char *custom, *there;

	for (guint i = 0; i < PARTS; i++)
		if (parts[i].bytes)
			g_string_append_printf(script, "%s:%" G_GSIZE_FORMAT " ", parts[i].name,
					       g_bytes_get_size(parts[i].bytes));
	g_string_append_printf(script, "'\n%s%s", check_script, ask_script);
	if (!run_script(lab, "prepare GRUB", script->str, &result, error))
		return false;
	custom = strstr(result.out, "\ncustom\n");
	if (!custom)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "prepare GRUB: no answer");
	answer->custom = g_strdup(custom + strlen("\ncustom\n"));
	custom[1] = '\0';
	there = strstr(result.out, "\nthere ");
	answer->there = g_strdup(there ? there : "");
	answer->xen = answer_line(result.out, "xen ");
	answer->cmdline = answer_line(result.out, "\ncmdline ");
	answer->mount = answer_line(result.out, "\nmount ");
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

/* A file that is there already, such as Xen from the boot before, is not sent again. */
static bool send_part(Lab *lab, const Part *part, const char *there, GError **error)
{
	g_autofree char *target = g_build_filename(lab->host->boot_dir, part->name, NULL);
	g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, part->bytes);
	g_autofree char *line = g_strdup_printf("\nthere %s %s", part->name, sum);
	gsize length;
	const void *data = g_bytes_get_data(part->bytes, &length);

	if (!strstr(there, line))
		return lab_ssh_send(lab, target, "644", data, length, SEND_S, error);
	lab_log(lab, "%s is there already", target);
	return true;
}

static bool send_all(Lab *lab, const Part parts[PARTS], const Answer *answer, GError **error)
{
	for (guint i = 0; i < PARTS; i++)
		if (parts[i].bytes && !send_part(lab, &parts[i], answer->there, error))
			return false;
	return true;
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
	Part parts[PARTS] = { 0 };
	g_auto(Answer) answer = { 0 };
	g_auto(LabResult) result = { 0 };
	bool done = parts_read(boot, parts, error) && ask(boot->lab, parts, &answer, error) &&
		    send_all(boot->lab, parts, &answer, error) &&
		    send_entry(boot, &answer, error) &&
		    run_script(boot->lab, "boot once", next_script, &result, error);

	parts_clear(parts);
	return done;
}
