/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-ssh.c - see lab-ssh.h. */
#include "lab-ssh.h"

#include <string.h>
#include <unistd.h>

#define CONNECT_MIN_S 10
#define CONNECT_MAX_S 60

/* The shell's own commands, where they do: to start a program takes long on an
 * emulated or a busy machine. */
const char lab_identity_script[] =
	"r() { v=; [ ! -r \"$2\" ] || IFS= read -r v <\"$2\"; echo \"$1 $v\"; }\n"
	"r boot /proc/sys/kernel/random/boot_id\n"
	"r release /proc/sys/kernel/osrelease\n"
	"r version /proc/sys/kernel/version\n"
	"r cmdline /proc/cmdline\n"
	"r hypervisor /sys/hypervisor/type\n"
	"r capabilities /proc/xen/capabilities\n"
	"case $v in *control_d*) echo 'dom0 yes' ;; esac\n"
	"[ ! -r /sys/kernel/notes ] || echo notes $(od -An -v -tx1 /sys/kernel/notes)\n";

const char lab_reboot_script[] = "sync\n(sleep 1; reboot) >/dev/null 2>&1 </dev/null &\n";

static void add(GPtrArray *argv, const char *word)
{
	g_ptr_array_add(argv, g_strdup(word));
}

static void add_option(GPtrArray *argv, const char *format, const char *value)
{
	add(argv, "-o");
	g_ptr_array_add(argv, g_strdup_printf("%s=%s", format, value));
}

char **lab_ssh_argv(const LabHost *host, const char *command, double deadline_s)
{
	static const char *const fixed[] = { "BatchMode=yes", "ServerAliveInterval=5",
					     "ServerAliveCountMax=4", "LogLevel=ERROR",
					     /* a kernel under test answers: nothing of the
					      * user's is forwarded to it */
					     "ForwardAgent=no", "ForwardX11=no",
					     "ClearAllForwardings=yes" };
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *port = g_strdup_printf("%u", host->port);
	g_autofree char *connect_s =
		g_strdup_printf("%.0f", CLAMP(deadline_s / 2, CONNECT_MIN_S, CONNECT_MAX_S));

	add(argv, "ssh");
	add(argv, "-T");
	/* The first value of an option counts: the user's own come first. */
	for (guint i = 0; host->ssh_options && host->ssh_options[i]; i++)
		add(argv, host->ssh_options[i]);
	for (guint i = 0; i < G_N_ELEMENTS(fixed); i++) {
		add(argv, "-o");
		add(argv, fixed[i]);
	}
	add_option(argv, "ConnectTimeout", connect_s);
	if (host->known_hosts)
		add_option(argv, "UserKnownHostsFile", host->known_hosts);
	add_option(argv, "StrictHostKeyChecking", "yes");
	if (host->key_file) {
		add(argv, "-i");
		add(argv, host->key_file);
		add_option(argv, "IdentitiesOnly", "yes");
	}
	add(argv, "-p");
	add(argv, port);
	add(argv, "-l");
	add(argv, host->user);
	add(argv, "--");
	add(argv, host->address);
	add(argv, command);
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

double lab_ssh_patience(const LabHost *host, double least_s, double waited_s)
{
	return CLAMP(waited_s / 2, least_s, MAX(least_s, host->ssh_deadline_s));
}

bool lab_ssh_script(Lab *lab, const char *what, const char *script, double deadline_s,
		    LabResult *result, GError **error)
{
	g_auto(GStrv) argv = lab_ssh_argv(lab->host, "sh -s", deadline_s);
	int input = lab_memory_file(script, strlen(script), error);
	bool ok = input >= 0 && lab_command(lab, what, argv, input, deadline_s, result, error);

	if (input >= 0)
		close(input);
	return ok;
}

bool lab_ssh_script_ok(Lab *lab, const char *what, const char *script, double deadline_s,
		       LabResult *result, GError **error)
{
	g_autofree char *text = NULL;

	if (!lab_ssh_script(lab, what, script, deadline_s, result, error))
		return false;
	if (lab_result_ok(result))
		return true;
	text = lab_result_text(result);
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", what, text);
}

bool lab_ssh_send(Lab *lab, const char *path, const char *mode, const void *data, gsize length,
		  double deadline_s, GError **error)
{
	g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, length);
	g_autofree char *quoted = g_shell_quote(path);
	g_autofree char *what = g_strdup_printf("send %s", path);
	g_autofree char *command =
		g_strdup_printf("set -e; f=%s; mkdir -p \"${f%%/*}\"; trap 'rm -f \"$f.new\"' "
				"EXIT; cat >\"$f.new\"; "
				"[ \"$(sha256sum <\"$f.new\")\" = '%s  -' ] || "
				"{ echo 'the file differs from what was sent' >&2; exit 3; }; "
				"chmod %s \"$f.new\"; mv \"$f.new\" \"$f\"; sync",
				quoted, sum, mode);
	g_auto(GStrv) argv = lab_ssh_argv(lab->host, command, deadline_s);
	g_auto(LabResult) result = { 0 };
	int input = lab_memory_file(data, length, error);
	bool ok = input >= 0 && lab_command_ok(lab, what, argv, input, deadline_s, &result, error);

	if (input >= 0)
		close(input);
	return ok;
}

bool lab_ssh_identity(Lab *lab, double deadline_s, LabIdentity *identity, char **why,
		      GError **error)
{
	g_auto(LabResult) result = { 0 };

	*identity = (LabIdentity){ 0 };
	if (why)
		*why = NULL;
	if (!lab_ssh_script(lab, "identity", lab_identity_script, deadline_s, &result, error))
		return false;
	if (lab_result_ok(&result))
		lab_identity_parse(identity, result.out);
	else if (why)
		*why = lab_result_text(&result);
	return true;
}
