/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-lab.c - the parts of driver=ssh that do no I/O, or only to files. */
#include "lab-boot.h"
#include "lab-console.h"
#include "lab-facts.h"
#include "lab-grub.h"
#include "lab-image.h"
#include "lab-line.h"
#include "lab-lock.h"
#include "lab-net.h"
#include "lab-power.h"
#include "lab-args.h"
#include "lab-settle.h"
#include "lab-ssh.h"
#include "lab-template.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define NONCE "0123456789abcdef0123456789abcdef"

/* ---- templates ---------------------------------------------------------------- */

static void test_template(void)
{
	static const struct {
		const char *template, *argv; /* joined by | */
	} cases[] = {
		{ "power -H {host} on", "power|-H|lab1|on" },
		{ "sh -c 'echo {host} > \"{file}\"'", "sh|-c|echo lab1 > \"/a b;rm -rf x\"" },
		{ "cat {file}", "cat|/a b;rm -rf x" }, /* one word, whatever is in it */
		{ "qmp '{{\"execute\":\"quit\"}}'", "qmp|{\"execute\":\"quit\"}" },
		{ "say {quote}", "say|{host}" }, /* a value is not looked at again */
		{ "say {nothing}", NULL },
		{ "say {host", NULL },
		{ "say 'unfinished", NULL },
		{ "", NULL },
	};
	g_autoptr(json_t) values = json_pack("{s:s,s:s,s:s}", "host", "lab1", "file",
					     "/a b;rm -rf x", "quote", "{host}");

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) argv =
			lab_template_argv("power_on", cases[i].template, values, &error);
		g_autofree char *joined = argv ? g_strjoinv("|", argv) : NULL;

		g_assert_cmpstr(joined, ==, cases[i].argv);
		if (!joined)
			g_assert_true(g_str_has_prefix(error->message, "power_on: "));
	}
}

static void test_power_parse(void)
{
	g_assert_cmpint(lab_power_parse("Chassis Power is on\n"), ==, LAB_POWER_ON);
	g_assert_cmpint(lab_power_parse("Chassis Power is off\n"), ==, LAB_POWER_OFF);
	g_assert_cmpint(lab_power_parse("outlet 3: ON"), ==, LAB_POWER_ON);
	g_assert_cmpint(lab_power_parse("{\"power\":\"OFF\"}"), ==, LAB_POWER_OFF);
	g_assert_cmpint(lab_power_parse("the switch on shelf 2 is off."), ==, LAB_POWER_OFF);
	g_assert_cmpint(lab_power_parse("connection refused"), ==, LAB_POWER_UNKNOWN);
	g_assert_cmpint(lab_power_parse(""), ==, LAB_POWER_UNKNOWN);
}

/* ---- settings ------------------------------------------------------------------ */

static LabHost *host_of(const char *members, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"{\"kind\":\"check\",\"host\":{\"name\":\"lab1\",\"address\":\"10.0.0.9\"%s%s}}",
		*members ? "," : "", members);
	g_autoptr(json_t) json = json_loads(text, 0, NULL);
	g_autoptr(RunnerJob) job = NULL;

	g_assert_nonnull(json);
	job = runner_job_new(json, error);
	return job ? lab_host_new(job, error) : NULL;
}

#define GRUB "\"boot\":\"grub\""
#define NET                                                                           \
	"\"boot\":\"net\",\"net_dir\":\"/srv\",\"xen\":\"/xen\",\"console\":\"tcp\"," \
	"\"console_address\":\"c:1\""

static void test_ipmi(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = NULL;
	int fd = g_file_open_tmp("ipmi-XXXXXX", &file, NULL);
	g_autofree char *members = g_strdup_printf(
		GRUB ",\"power\":\"ipmi\",\"ipmi_address\":\"bmc1\",\"ipmi_user\":\"op\","
		     "\"ipmi_password_file\":\"%s\",\"console\":\"ipmi\"",
		file);
	g_autoptr(LabHost) host = NULL;
	g_autofree char *joined = NULL;
	g_autofree char *wanted = g_strdup_printf(
		"ipmitool -I lanplus -H bmc1 -p 623 -U op -f %s -N 2 -R 3 chassis power cycle",
		file);
	g_auto(GStrv) argv = NULL;

	g_assert_cmpint(write(fd, "hunter2\n", 8), ==, 8);
	close(fd);
	g_chmod(file, 0644);
	g_assert_null(host_of(members, &error));
	g_assert_nonnull(strstr(error->message, "chmod 600"));
	g_clear_error(&error);
	g_chmod(file, 0600);
	host = host_of(members, &error);
	g_assert_no_error(error);
	argv = lab_template_argv("power_cycle", host->power_cycle, host->values, &error);
	g_assert_no_error(error);
	joined = g_strjoinv(" ", argv);
	g_assert_cmpstr(joined, ==, wanted);
	g_assert_null(strstr(joined, "hunter2"));
	g_assert_true(g_str_has_suffix(host->console_stop, "sol deactivate"));
	g_unlink(file);
}

static void test_pdu(void)
{
	g_autoptr(LabHost) host = host_of(GRUB ",\"power\":\"pdu\",\"pdu_url\":\"http://p:16421\","
					       "\"pdu_name\":\"pdu1\",\"pdu_outlet\":\"7\"",
					  NULL);
	g_auto(GStrv) argv = lab_template_argv("power_on", host->power_on, host->values, NULL);

	g_assert_cmpstr(argv[g_strv_length(argv) - 1], ==,
			"http://p:16421/power/control/on?hostname=pdu1&port=7");
	g_assert_null(host->power_status);
}

static void test_bad_hosts(void)
{
	static const struct {
		const char *members, *message;
	} cases[] = {
		{ "", "net_dir" },
		{ "\"net_dir\":\"/srv\"", "xen" },
		{ "\"net_dir\":\"/srv\",\"xen\":\"/x\"", "console" },
		{ GRUB ",\"power\":\"command\"", "power_on" },
		{ GRUB ",\"power\":\"magic\"", "power=magic" },
		{ GRUB ",\"power\":\"ipmi\"", "ipmi_address" },
		{ GRUB ",\"console\":\"tcp\"", "console_address" },
		{ GRUB ",\"console\":\"device\",\"console_speed\":\"1\"", "console_device" },
		{ GRUB ",\"ssh_options\":\"'\"", "ssh_options" },
		{ GRUB ",\"boot_deadline_s\":\"soon\"", "boot_deadline_s" },
		{ GRUB ",\"port\":\"0\"", "port=0" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(host_of(cases[i].members, &error));
		if (!strstr(error->message, cases[i].message))
			g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_ssh_argv(void)
{
	g_autoptr(LabHost) host = host_of(GRUB ",\"port\":\"2222\",\"ssh_key_file\":\"/k\","
					       "\"known_hosts\":\"/h\",\"ssh_options\":\"-o "
					       "StrictHostKeyChecking=no\"",
					  NULL);
	g_auto(GStrv) argv = lab_ssh_argv(host, "sh -s", 30);
	g_autofree char *joined = g_strjoinv(" ", argv);

	g_assert_true(g_str_has_prefix(joined, "ssh -T -o StrictHostKeyChecking=no -o BatchMode"));
	g_assert_true(g_str_has_suffix(joined, "-i /k -o IdentitiesOnly=yes -p 2222 -l root -- "
					       "10.0.0.9 sh -s"));
	g_assert_nonnull(strstr(joined, "-o UserKnownHostsFile=/h "));
	g_assert_nonnull(strstr(joined, "-o ForwardAgent=no "));
	g_assert_nonnull(strstr(joined, "-o ConnectTimeout=15 "));
}

/* A machine on which a handshake takes longer than the first questions allow. */
static void test_ssh_patience(void)
{
	static const struct {
		double ssh_deadline_s, waited_s, patience_s;
	} cases[] = { { 30, 0, 20 },     { 30, 39, 20 },  { 30, 50, 25 },   { 30, 300, 30 },
		      { 120, 300, 120 }, { 10, 300, 20 }, { 120, 200, 100 } };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		LabHost host = { .port = 22, .user = (char *)"u", .address = (char *)"a" };
		double patience_s;

		host.ssh_deadline_s = cases[i].ssh_deadline_s;
		patience_s = lab_ssh_patience(&host, 20, cases[i].waited_s);
		g_assert_cmpfloat(patience_s, ==, cases[i].patience_s);
	}
	for (guint i = 0; i < 3; i++) {
		static const double deadlines_s[] = { 8, 90, 600 };
		static const char *const options[] = { "ConnectTimeout=10", "ConnectTimeout=45",
						       "ConnectTimeout=60" };
		LabHost host = { .port = 22, .user = (char *)"u", .address = (char *)"a" };
		g_auto(GStrv) argv = lab_ssh_argv(&host, "true", deadlines_s[i]);

		g_assert_true(g_strv_contains((const char *const *)argv, options[i]));
	}
}

static void test_line_split(void)
{
	static const struct {
		const char *address, *host, *port;
	} cases[] = { { "ser2net:3001", "ser2net", "3001" },
		      { "[fe80::1]:3001", "fe80::1", "3001" },
		      { "fe80::1:3001", NULL, NULL },
		      { ":3001", NULL, NULL },
		      { "host:", NULL, NULL },
		      { "host", NULL, NULL } };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *host = NULL, *port = NULL;

		g_assert_cmpint(lab_line_split(cases[i].address, &host, &port), ==,
				cases[i].host != NULL);
		g_assert_cmpstr(host, ==, cases[i].host);
		g_assert_cmpstr(port, ==, cases[i].port);
	}
}

/* ---- what boots ------------------------------------------------------------------ */

static void test_net_script(void)
{
	const LabNetEntry entry = { .nonce = NONCE,
				    .xen = "x",
				    .xen_args = "dom0_mem=1G",
				    .kernel = "k",
				    .kernel_args = "quiet",
				    .initramfs = "r",
				    .sums = "s" };
	g_autofree char *ipxe = lab_net_script(LAB_NET_IPXE, &entry);
	g_autofree char *grub = lab_net_script(LAB_NET_GRUB, &entry);

	g_assert_cmpstr(ipxe, ==,
			"#!ipxe\necho xbisect boot " NONCE "\n"
			"kernel x xen xbisect.nonce=" NONCE " dom0_mem=1G\n"
			"module k kernel xbisect.nonce=" NONCE " quiet\n"
			"module r initramfs\nimgstat ||\nboot\n");
	g_assert_cmpstr(grub, ==,
			"if [ -f ${config_directory}/local.cfg ]; then source "
			"${config_directory}/local.cfg; fi\n"
			"echo 'xbisect boot " NONCE "'\n"
			"insmod hashsum\ninsmod gcry_sha256\ninsmod multiboot2\n"
			"if sha256sum --check ${config_directory}/s --prefix ${config_directory}; "
			"then\n"
			"if multiboot2 ${config_directory}/x xen xbisect.nonce=" NONCE
			" dom0_mem=1G; then\n"
			"if module2 --nounzip ${config_directory}/k kernel xbisect.nonce=" NONCE
			" quiet; then\n"
			"if module2 --nounzip ${config_directory}/r initramfs; then\n"
			"boot\nfi; fi; fi; fi\necho 'xbisect unloaded " NONCE "'\n");
}

static void test_args(void)
{
	static const struct {
		const char *host, *args;
		bool fits;
	} cases[] = {
		{ GRUB, "dom0_mem=1G,max:1G console=com1 dyndbg=+p;x", true },
		{ GRUB, "dyndbg=\\\"file\\\"", false },
		{ GRUB, "a'b", false },
		{ GRUB, "a\\nreboot", false },
		{ NET, "quiet a;b a#b a&&b \\\"c d\\\"", true },
		{ NET, "quiet ; reboot", false },
		{ NET, "quiet || x", false },
		{ NET, "#x", false },
		{ NET, "a=${net0/mac}", false },
		{ NET, "a\\nreboot", false },
	};
	g_autofree char *quoted =
		lab_args_for_grub("  dom0_mem=1G,max:1G  a;b\t$c {d} #e <f >g it's ");

	g_assert_cmpstr(quoted, ==,
			"dom0_mem=1G,max:1G 'a;b' '$c' '{d}' '#e' '<f' '>g' 'it'\\''s'");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *members =
			g_strdup_printf("%s,\"kernel_args\":\"%s\"", cases[i].host, cases[i].args);
		g_autoptr(GError) error = NULL;
		g_autoptr(LabHost) host = host_of(members, &error);

		g_assert_cmpint(host != NULL, ==, cases[i].fits);
		if (!cases[i].fits)
			g_assert_true(g_str_has_prefix(error->message, "kernel_args: "));
	}
}

static void test_announce(void)
{
	static const struct {
		LabNetLoader loader;
		const char *script, *wanted;
	} cases[] = {
		{ LAB_NET_IPXE, "#!ipxe\nexit\n", "#!ipxe\necho xbisect boot 7\nexit\n" },
		{ LAB_NET_IPXE, "exit", "echo xbisect boot 7\nexit" },
		{ LAB_NET_GRUB, "# good\nexit\n", "echo xbisect boot 7\n# good\nexit\n" },
		{ LAB_NET_GRUB, "", "echo xbisect boot 7\n" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = lab_net_announce(cases[i].loader, cases[i].script, "7");

		g_assert_cmpstr(text, ==, cases[i].wanted);
	}
}

static void test_net_sums(void)
{
	g_autoptr(GBytes) abc = g_bytes_new_static("abc", 3);
	g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
	const char *const names[] = { "a", "b" };
	GBytes *const files[] = { abc, nothing };
	g_autofree char *sums = lab_net_sums(names, files, 2);

	g_assert_cmpstr(sums, ==, /* of sha256sum(1) */
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n"
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n");
}

static void test_publish(void)
{
	g_autofree char *dir = g_dir_make_tmp("net-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "f", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GDir) entries = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(lab_net_publish(dir, "f", "old", 3, NULL));
	g_assert_true(lab_net_publish(dir, "f", "new!", 4, NULL));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "new!");
	entries = g_dir_open(dir, 0, NULL);
	g_assert_cmpstr(g_dir_read_name(entries), ==, "f");
	g_assert_null(g_dir_read_name(entries)); /* nothing half-written is left */
	g_unlink(path);
	g_rmdir(dir);
	g_assert_false(lab_net_publish(dir, "f", "x", 1, &error));
	g_assert_cmpint(error->code, ==, XB_OUTCOME_HOST_TROUBLE);
}

static void test_grub(void)
{
	const LabGrubEntry with = { NONCE, "/x", "dom0_mem=1G", "/k", "root=/dev/sda1", "/r" };
	const LabGrubEntry without = { NONCE, "/x", "", "/k", "", NULL };
	g_autofree char *entry = lab_grub_entry(&with);
	g_autofree char *plain = lab_grub_entry(&without);
	g_autofree char *added = lab_grub_edit("menuentry 'mine' {\n}", entry);
	g_autofree char *again = lab_grub_edit(added, plain);
	g_autofree char *removed = lab_grub_edit(again, NULL);
	g_autofree char *cut = g_strndup(added, strlen(added) - 10);
	g_autofree char *repaired = lab_grub_edit(cut, entry);

	g_assert_nonnull(strstr(entry, "--id xbisect {"));
	g_assert_nonnull(strstr(entry, "echo 'xbisect boot " NONCE "'"));
	g_assert_nonnull(strstr(entry, "multiboot2 /x xen xbisect.nonce=" NONCE " dom0_mem=1G\n"));
	g_assert_nonnull(
		strstr(entry, "module2 /k kernel xbisect.nonce=" NONCE " root=/dev/sda1\n"));
	g_assert_nonnull(strstr(entry, "module2 --nounzip /r\n"));
	g_assert_null(strstr(plain, "--nounzip"));
	g_assert_true(g_str_has_prefix(added, "menuentry 'mine' {\n}\n###"));
	g_assert_null(strstr(again, "/r\n"));
	g_assert_cmpstr(removed, ==, "menuentry 'mine' {\n}\n");
	g_assert_cmpstr(repaired, ==, added);
}

/* ---- who answers ------------------------------------------------------------------- */

#define GOOD "boot b2\nrelease 6.1\nversion #1\ncmdline a xbisect.nonce=" NONCE " b\n"

static void test_identity(void)
{
	static const struct {
		const char *report;
		LabVerdict verdict;
		const char *why;
	} cases[] = {
		{ GOOD "hypervisor xen\ndom0 yes\n", LAB_UP, NULL },
		{ GOOD "hypervisor xen\ndom0 yes\nbuild abcd\n", LAB_UP, NULL },
		{ GOOD "hypervisor xen\ndom0 yes\nbuild ffff\n", LAB_WRONG, "build id ffff" },
		{ GOOD "hypervisor xen\n", LAB_WRONG, "no dom0" },
		{ GOOD, LAB_WRONG, "not under Xen" },
		{ GOOD "hypervisor kvm\n", LAB_WRONG, "not under Xen" },
		{ "boot b1\nnonce " NONCE "\n", LAB_NOT_YET, "still runs" },
		{ "", LAB_NOT_YET, "still runs" },
		{ "boot b2\nrelease 6.0\ncmdline root=/dev/sda1\n", LAB_FALLBACK, "fell back" },
		{ "boot b2\ncmdline xbisect.nonce=ffff\n", LAB_FALLBACK, "fell back" },
		/* a kernel may not choose what is looked at by repeating it */
		{ "boot b2\ncmdline xbisect.nonce=" NONCE " xbisect.nonce=ffff\n", LAB_FALLBACK,
		  "fell back" },
		{ "boot b2\nrelease 6.2\nnonce " NONCE "\nhypervisor xen\ndom0 yes\n", LAB_WRONG,
		  "6.2" },
	};
	const LabExpected expected = { NONCE, "b1", "abcd", "6.1", "#1" };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(LabIdentity) identity = { 0 };
		g_autofree char *why = NULL;

		lab_identity_parse(&identity, cases[i].report);
		g_assert_cmpint(lab_identity_judge(&identity, &expected, &why), ==,
				cases[i].verdict);
		g_assert_cmpint(why != NULL, ==, cases[i].why != NULL);
		if (why && !strstr(why, cases[i].why))
			g_assert_cmpstr(why, ==, cases[i].why);
	}
}

/* A note of another kind, then the build id. */
static gsize make_notes(unsigned char *notes)
{
	const Elf64_Nhdr other = { 5, 3, 1 }, id = { 4, 4, NT_GNU_BUILD_ID };
	gsize at = 0;

	memcpy(notes + at, &other, sizeof(other));
	memcpy(notes + at + sizeof(other), "Linu\0\0\0\0abc\0", 12);
	at += sizeof(other) + 12;
	memcpy(notes + at, &id, sizeof(id));
	memcpy(notes + at + sizeof(id), "GNU\0\xde\xad\xbe\xef", 8);
	return at + sizeof(id) + 8;
}

static void test_notes(void)
{
	unsigned char notes[128];
	gsize length = make_notes(notes);
	g_autoptr(GString) report = g_string_new("boot b\nnotes");
	g_auto(LabIdentity) identity = { 0 };
	g_autofree char *id = lab_notes_build_id(notes, length);

	g_assert_cmpstr(id, ==, "deadbeef");
	for (gsize cut = 0; cut < length; cut++)
		g_assert_null(lab_notes_build_id(notes, cut));
	for (gsize i = 0; i < length; i++)
		g_string_append_printf(report, " %02x", notes[i]);
	lab_identity_parse(&identity, report->str);
	g_assert_cmpstr(identity.build_id, ==, "deadbeef");
}

static void test_image(void)
{
	g_autofree char *path = NULL;
	g_auto(LabImage) image = { 0 };
	char data[0x1200] = { 0 };
	int fd = g_file_open_tmp("bz-XXXXXX", &path, NULL);

	memcpy(data + 0x202, "HdrS", 4);
	data[0x20f] = 0x0c; /* 0xc00 + 0x200 */
	strcpy(data + 0xe00, "6.1.0-x (me@here) #1 SMP Thu");
	g_assert_cmpint(write(fd, data, sizeof(data)), ==, (gssize)sizeof(data));
	close(fd);
	lab_image_read(&image, path, "/nowhere");
	g_assert_cmpstr(image.release, ==, "6.1.0-x");
	g_assert_cmpstr(image.version, ==, "#1 SMP Thu");
	g_assert_null(image.build_id);
	g_unlink(path);
}

/* ---- the console --------------------------------------------------------------------- */

static void on_stage(ConsoleStage stage, gpointer data)
{
	*(ConsoleStage *)data = stage;
}

#define ENTRY "\033[1;1H\033[Jxbisect boot " NONCE "\r\n"
#define XEN   "(XEN) Xen version 4.17\r\n(XEN) Command line: xbisect.nonce=" NONCE " a=b\r\n"
#define OTHER "(XEN) Xen version 4.17\r\n(XEN) Command line: placeholder\r\n"

/* A command line that a lost connection cut off is no other system's. */
static void test_gap(void)
{
	static const struct {
		const char *before, *after;
		bool xen, foreign;
	} cases[] = {
		{ "(XEN) Command line: xen xbisect.nonce", "(XEN) IOAPIC[0]\n", false, false },
		{ "(XEN) Command line: xen", "(XEN) Command line: xen\n", false, true },
		{ "(XEN) Comm", "(XEN) Command line: xen xbisect.nonce=" NONCE "\n", true, false },
		{ "(XEN) Command line: xen\n", "x\n", false, true },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const ConsoleHandlers handlers = { 0 };
		LabMarks *marks = lab_marks_new(NONCE, &handlers);
		static const char start[] = "xbisect boot " NONCE "\n(XEN) Xen version 4.17\n";

		lab_marks_feed(marks, start, strlen(start));
		lab_marks_feed(marks, cases[i].before, strlen(cases[i].before));
		lab_marks_gap(marks);
		lab_marks_feed(marks, cases[i].after, strlen(cases[i].after));
		g_assert_cmpint(lab_marks_xen(marks), ==, cases[i].xen);
		g_assert_cmpint(lab_marks_foreign(marks), ==, cases[i].foreign);
		lab_marks_free(marks);
	}
}

static void test_loaded(void)
{
	static const char text[] =
		"xbisect-" NONCE ".kernel : 5 bytes\r\n" /* before the entry */
		"xbisect boot " NONCE "\r\n"
		"xbisect-" NONCE ".xen : 2562652 bytes [multiboot] \"xen\"\r\n"
		"xbisect-" NONCE ".ker\x1b[02;41H\x1b[02;42Hnel : 995840 bytes [bzImage]\r\n"
		"xbisect-" NONCE ".initramfs : many bytes\r\n"
		"xbisect-" NONCE ".other : 99999999999999999999 bytes\r\n"
		"xbisect-00.kernel : 7 bytes\r\n"
		"(XEN) Xen version 4.17\r\n"
		"(XEN) Command line: xbisect.nonce=" NONCE "\r\n"
		"xbisect-" NONCE ".kernel : 8 bytes\r\n"; /* Xen runs */
	const ConsoleHandlers handlers = { 0 };
	g_autoptr(LabMarks) marks = lab_marks_new(NONCE, &handlers);

	for (gsize at = 0; at < sizeof(text) - 1; at += 3)
		lab_marks_feed(marks, text + at, MIN(3, sizeof(text) - 1 - at));
	g_assert_cmpint(lab_marks_loaded(marks, "xen"), ==, 2562652);
	g_assert_cmpint(lab_marks_loaded(marks, "kernel"), ==, 995840);
	g_assert_cmpint(lab_marks_loaded(marks, "initramfs"), ==, -1);
	g_assert_cmpint(lab_marks_loaded(marks, "other"), ==, -1);
	g_assert_cmpint(lab_marks_loaded(marks, "nothing"), ==, -1);
}

static void test_unloaded(void)
{
	static const struct {
		const char *text;
		bool entry, unloaded;
	} cases[] = {
		{ "xbisect boot " NONCE "\r\nxbisect-1.xen: OK\r\n", true, false },
		{ "xbisect boot " NONCE "\x1b[4;1Hxbisect unloaded " NONCE, true, true },
		{ "xbisect\x1b[01;08H\x1b[01;09H boot " NONCE "\r\nxbisect\x1b[m unloaded " NONCE,
		  true, true },
		{ "xbisect boot " NONCE "\r\nxbisect unloaded 0123\r\n", true, false },
		/* what a boot before left on the line */
		{ "xbisect unloaded " NONCE "\rxbisect boot " NONCE "\r\n", true, true },
		/* the kernel can say what it likes */
		{ "xbisect boot " NONCE "\r\n(XEN) Command line: xbisect.nonce=" NONCE
		  "\r\nxbisect unloaded " NONCE "\r\n",
		  true, false },
	};
	const ConsoleHandlers handlers = { 0 };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(LabMarks) marks = lab_marks_new(NONCE, &handlers);
		gsize length = strlen(cases[i].text);

		for (gsize at = 0; at < length; at += 5)
			lab_marks_feed(marks, cases[i].text + at, MIN(5, length - at));
		g_assert_true(lab_marks_entry(marks) == cases[i].entry);
		g_assert_true(lab_marks_unloaded(marks) == cases[i].unloaded);
	}
}

static void test_marks(void)
{
	static const struct {
		const char *text;
		bool entry, xen, foreign, failed;
	} cases[] = {
		{ "login: \r\n(XEN) Hardware Dom0 shutdown: rebooting machine\r\nBIOS", false,
		  false, false, false }, /* of the system before */
		{ "BIOS" ENTRY, true, false, false, false },
		{ "BIOS\r\n" ENTRY XEN, true, true, false, false },
		{ "BIOS\r\n" XEN, false, true, false, false }, /* a boot loader on a screen */
		{ ENTRY "Could not boot\r\n" OTHER, true, false, true, false },
		{ OTHER, false, false, true, false },
		{ ENTRY XEN OTHER, true, true, true, true }, /* it fell back */
		{ ENTRY XEN "Kernel panic - not syncing: x\r\n", true, true, false, true },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (gsize chunk = 1; chunk < 64; chunk += 6) {
			ConsoleStage stage = CONSOLE_DARK;
			const ConsoleHandlers handlers = { on_stage, NULL, &stage, NULL };
			g_autoptr(LabMarks) marks = lab_marks_new(NONCE, &handlers);
			gsize length = strlen(cases[i].text);
			XbOutcome outcome;

			for (gsize at = 0; at < length; at += chunk)
				lab_marks_feed(marks, cases[i].text + at, MIN(chunk, length - at));
			g_assert_cmpint(lab_marks_entry(marks), ==, cases[i].entry);
			g_assert_cmpint(lab_marks_xen(marks), ==, cases[i].xen);
			g_assert_cmpint(lab_marks_foreign(marks), ==, cases[i].foreign);
			g_assert_cmpint(lab_marks_console(marks) &&
						runner_console_failure(lab_marks_console(marks),
								       &outcome) != NULL,
					==, cases[i].failed);
		}
}

/* ---- facts, locks, settling ------------------------------------------------------------ */

static void test_facts(void)
{
	g_autoptr(json_t) facts = lab_facts_parse("cpu  AMD EPYC 7302\nmicrocode 0x830104d\n"
						  "cpus 4\nmemory_kib 1015804\nxen 4.17.3\n"
						  "memory_mib 65466\nsecret x\ncpus 32\n"
						  "firmware  Acme 2.1\ngovernor\n",
						  NULL);
	g_autofree char *text = json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS);
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(text, ==,
			"{\"cpu\":\"AMD EPYC 7302\",\"cpus\":\"32\",\"firmware\":\"Acme 2.1\","
			"\"memory_mib\":\"65472\",\"microcode\":\"0x830104d\",\"xen\":\"4.17.3\"}");
	g_assert_null(lab_facts_parse("motd\n", &error));
	g_assert_nonnull(error);
}

static void test_claim(void)
{
	g_auto(LabClaim) own = { 0 };
	g_auto(LabClaim) read = { 0 };
	g_autofree char *line = NULL;

	lab_claim_own(&own, NONCE, 60);
	line = lab_claim_format(&own);
	g_assert_true(lab_claim_parse(&read, line));
	g_assert_cmpint(read.pid, ==, getpid());
	g_assert_true(lab_claim_holds(&read, 1e6)); /* we live: no lease ends that */
	read.start++;                               /* another process with our number */
	g_assert_false(lab_claim_holds(&read, 0));
	strcpy(read.machine, "elsewhere");
	g_assert_true(lab_claim_holds(&read, 59));
	g_assert_true(lab_claim_holds(&read, -5)); /* clocks that differ */
	g_assert_false(lab_claim_holds(&read, 61));
	lab_claim_clear(&read);
	g_assert_false(lab_claim_parse(&read, ""));
	g_assert_false(lab_claim_parse(&read, "a b c d e f"));
	g_assert_false(lab_claim_parse(&read, NONCE " m -1 5 60 me"));
}

static void test_lock_answer(void)
{
	static const struct {
		const char *text;
		LabLockAnswer answer;
		const char *line;
	} cases[] = {
		{ "taken\n", LAB_LOCK_TAKEN, NULL },
		{ "held 3 " NONCE " m 1 5 60 me\n", LAB_LOCK_TAKEN,
		  NULL }, /* our own, from before */
		{ "held 3 00ff m 1 5 60 you@there\n", LAB_LOCK_HELD, NULL },
		{ "held 61 00ff m 1 5 60 you@there\n", LAB_LOCK_VOID, "00ff m 1 5 60 you@there" },
		{ "held 3 no claim\n", LAB_LOCK_VOID, "no claim" },
		{ "held\n", LAB_LOCK_ODD, NULL },
		{ "", LAB_LOCK_ODD, NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(LabClaim) held = { 0 };
		g_autofree char *line = NULL;
		double age_s;

		g_assert_cmpint(lab_lock_answer(cases[i].text, NONCE, &held, &age_s, &line), ==,
				cases[i].answer);
		g_assert_cmpstr(line, ==, cases[i].line);
	}
}

static void test_lease(void)
{
	g_autoptr(LabHost) host =
		host_of(GRUB ",\"lock_lease_s\":\"60\",\"recover_deadline_s\":\"100\"", NULL);

	g_assert_cmpfloat(lab_lease_s(host, 1000), >=, 1100);
	host->lock_lease_s = 5000;
	g_assert_cmpfloat(lab_lease_s(host, 1000), ==, 5000);
}

static void test_late(void)
{
	/* most of the time went to bring the machine up */
	g_assert_cmpint(lab_boot_late(10, 300), ==, XB_OUTCOME_HOST_TROUBLE);
	g_assert_cmpint(lab_boot_late(149, 300), ==, XB_OUTCOME_HOST_TROUBLE);
	g_assert_cmpint(lab_boot_late(151, 300), ==, XB_OUTCOME_WORKLOAD_FAILED);
}

static void test_settle_script(void)
{
	g_autoptr(LabHost) host =
		host_of(GRUB ",\"domains\":\"stop\",\"governor\":\"perf; reboot\","
			     "\"settle_s\":\"7\",\"settle_command\":\"systemctl stop cron\"",
			NULL);
	g_autofree char *script = lab_settle_script(host);

	g_assert_true(g_str_has_prefix(script, "domains=stop; governor='perf; reboot'; wanted=7;"));
	g_assert_nonnull(strstr(script, "(\nsystemctl stop cron\n)"));
	lab_host_free(host);
	host = host_of(GRUB ",\"settle_s\":\"0\"", NULL);
	g_assert_cmpfloat(host->settle_s, ==, 0);
	g_clear_pointer(&host, lab_host_free);
	host = host_of(GRUB ",\"settle_s\":\"0s\",\"silence_s\":\"0\"", NULL);
	g_assert_cmpfloat(host->settle_s, ==, 0);
	g_assert_cmpfloat(host->silence_s, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lab/template", test_template);
	g_test_add_func("/lab/power-parse", test_power_parse);
	g_test_add_func("/lab/ipmi", test_ipmi);
	g_test_add_func("/lab/pdu", test_pdu);
	g_test_add_func("/lab/bad-hosts", test_bad_hosts);
	g_test_add_func("/lab/ssh-argv", test_ssh_argv);
	g_test_add_func("/lab/ssh-patience", test_ssh_patience);
	g_test_add_func("/lab/line-split", test_line_split);
	g_test_add_func("/lab/args", test_args);
	g_test_add_func("/lab/net-script", test_net_script);
	g_test_add_func("/lab/net-sums", test_net_sums);
	g_test_add_func("/lab/net-announce", test_announce);
	g_test_add_func("/lab/publish", test_publish);
	g_test_add_func("/lab/grub", test_grub);
	g_test_add_func("/lab/identity", test_identity);
	g_test_add_func("/lab/notes", test_notes);
	g_test_add_func("/lab/image", test_image);
	g_test_add_func("/lab/marks", test_marks);
	g_test_add_func("/lab/marks-beside-a-gap", test_gap);
	g_test_add_func("/lab/marks-of-what-was-loaded", test_loaded);
	g_test_add_func("/lab/marks-of-what-could-not-be-loaded", test_unloaded);
	g_test_add_func("/lab/facts", test_facts);
	g_test_add_func("/lab/claim", test_claim);
	g_test_add_func("/lab/settle-script", test_settle_script);
	g_test_add_func("/lab/lock-answer", test_lock_answer);
	g_test_add_func("/lab/a-lease-covers-the-job", test_lease);
	g_test_add_func("/lab/late-is-whose-fault", test_late);
	return g_test_run();
}
