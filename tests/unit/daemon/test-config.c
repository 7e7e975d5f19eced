/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-config.c - the configuration: defaults, each kind of value, drop-ins,
 * and one line that names file, group and key for each mistake.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"

static char *scratch; /* a directory with repo/, frag, prog (executable), xen */

static char *in_scratch(const char *name)
{
	return g_build_filename(scratch, name, NULL);
}

static XbConfig *parse(const char *text, GError **error)
{
	g_autofree char *file = in_scratch("xbisectd.conf");

	return xb_config_parse(file, text, strlen(text), error);
}

static XbConfig *parse_fine(const char *text)
{
	g_autoptr(GError) error = NULL;
	XbConfig *config = parse(text, &error);

	g_assert_no_error(error);
	g_assert_nonnull(config);
	return config;
}

static const char *setting(const json_t *settings, const char *key)
{
	return json_string_value(json_object_get(settings, key));
}

static void test_defaults_of_an_empty_file(void)
{
	g_autoptr(XbConfig) config = parse_fine("");
	const XbHostConfig *host = xb_config_host(config, "qemu");
	const XbWorkloadConfig *workload = xb_config_workload(config, NULL);
	const XbMetricConfig *metric;

	g_assert_cmpstr(config->sandbox, ==, "bwrap");
	g_assert_cmpstr(config->kconfig_base, ==, "tinyconfig");
	g_assert_cmpstr(config->arch, ==, "x86_64");
	g_assert_cmpint(config->slots, ==, 1);
	g_assert_cmpint(config->jobs, ==, 0);
	g_assert_cmpuint(config->artifact_limit, ==, (uint64_t)20 << 30);
	g_assert_cmpuint(config->log_limit, ==, (uint64_t)2 << 30);
	g_assert_cmpfloat(config->build_deadline_s, ==, 7200);
	g_assert_true(g_str_has_suffix(config->ccache_dir, "/ccache"));
	g_assert_true(g_str_has_suffix(config->builder_command[0], "xbisect-build"));
	g_assert_null(config->builder_command[1]);
	/* the fragment that was installed, if any was */
	g_assert_cmpuint(g_strv_length(config->kconfig), <=, 1);
	g_assert_true(!config->kconfig[0] ||
		      g_str_has_suffix(config->kconfig[0], "/kernel/dom0-minimal.config"));
	g_assert_null(config->repo);
	g_assert_nonnull(host);
	g_assert_cmpstr(host->driver, ==, "qemu");
	g_assert_cmpfloat(host->deadline_s, ==, 300);
	g_assert_cmpstr(setting(host->settings, "name"), ==, "qemu");
	g_assert_cmpstr(workload->name, ==, "map-unmap");
	g_assert_cmpint(json_integer_value(json_object_get(workload->settings, "iterations")), ==,
			5);
	g_assert_cmpstr(setting(json_object_get(workload->settings, "params"), "batch"), ==,
			"1024");
	metric = xb_workload_metric(workload, NULL);
	g_assert_cmpstr(metric->name, ==, "unmap");
	g_assert_cmpstr(metric->unit, ==, "s");
	g_assert_true(metric->lower_is_better);
	g_assert_nonnull(xb_workload_metric(workload, "total"));
	g_assert_null(xb_workload_metric(workload, "speed"));
	g_assert_null(xb_config_workload(config, "speed"));
	g_assert_null(xb_config_repo(config, "linux"));
}

static void refused(const char *text, const char *what)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(XbConfig) config = parse(text, &error);

	g_assert_null(config);
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, what));
}

static void test_hosts_of_a_pool(void)
{
	g_autofree char *good = in_scratch("frag");
	g_autofree char *text = g_strdup_printf("[host lab1]\n"
						"driver=null\n"
						"recover=yes\n"
						"labels=site=cellar;cpu=epyc\n"
						"label.rack=7\n"
						"known_good=image:%s\n"
						"health_every=6h\n"
						"[host lab2]\n"
						"driver=null\n",
						good);
	g_autoptr(XbConfig) config = parse_fine(text);
	const XbHostConfig *host = xb_config_host(config, "lab1");
	const XbHostConfig *plain = xb_config_host(config, "lab2");

	g_assert_true(host->recovers);
	g_assert_cmpstr(host->labels, ==, "cpu=epyc rack=7 site=cellar");
	g_assert_cmpfloat(host->health_every_s, ==, 6 * 3600);
	/* what is the daemon's own changes no fingerprint */
	g_assert_null(json_object_get(host->settings, "labels"));
	g_assert_null(json_object_get(host->settings, "health_every_s"));
	g_assert_false(plain->recovers);
	g_assert_cmpstr(plain->labels, ==, "");
	refused("[host a]\ndriver=null\nlabels=cpu\n", "KEY=VALUE");
	refused("[host a]\ndriver=null\nlabels=a=b c\n", "KEY=VALUE");
	refused("[host a]\ndriver=null\nlabels=cpu=epyc\nlabel.cpu=atom\n", "already");
	refused("[host a]\ndriver=null\nhealth_every=1h\n", "known_good");
	refused("[host a]\ndriver=null\nrecover=perhaps\n", "recover");
}

static void test_values_are_taken(void)
{
	g_autofree char *frag = in_scratch("frag"), *repo = in_scratch("repo");
	g_autofree char *prog = in_scratch("prog"), *xen = in_scratch("xen");
	g_autofree char *known_good = g_strdup_printf("image:%s:%s", frag, repo);
	g_autofree char *state = in_scratch("state");
	g_autoptr(XbConfig) config = parse_fine("# a comment\n"
						"\n"
						"[daemon]\n"
						"state_dir = state\n"
						"socket=/tmp/xb.sock\n"
						"artifact_limit=512M\n"
						"[builder]\n"
						"command=./prog --flag 'two words'\n"
						"slots=3\n"
						"jobs=8\n"
						"repo=repo\n"
						"kconfig=frag; ./frag;\n"
						"kconfig_base=frag\n"
						"ccache_dir=none\n"
						"sandbox=none\n"
						"deadline=15m\n"
						"[runner]\n"
						"command=xbisect-run\n"
						"[repo linux]\n"
						"path=repo\n"
						"trust=own\n"
						"[host box]\n"
						"xen=xen\n"
						"deadline=2m\n"
						"silence=1.5m\n"
						"memory=2G\n"
						"icount=no\n"
						"known_good=image:frag:repo\n"
						"[host lab]\n"
						"driver=command\n"
						"command=prog/../prog x\n"
						"param.outlet=7\n"
						"[host none]\n"
						"driver=null\n"
						"mean=1.5\n"
						"[workload w]\n"
						"program=prog\n"
						"iterations=9\n"
						"warmup=0\n"
						"args=--quick\n"
						"silence=2m\n"
						"metrics=speed:MB/s:higher;lat:us:lower\n"
						"param.batch=1,2\n"
						"[workload sweep]\n"
						"param.batch=64,1024\n");
	const XbHostConfig *box = xb_config_host(config, "box");
	const XbHostConfig *lab = xb_config_host(config, "lab");
	const XbWorkloadConfig *workload = xb_config_workload(config, "w");
	const XbWorkloadConfig *sweep = xb_config_workload(config, "sweep");
	const XbRepoConfig *linux_repo = xb_config_repo(config, "linux");
	g_autofree char *command = g_strdup_printf("'%s' 'x'", prog);

	g_assert_cmpuint(sweep->metrics->len, ==, 6);
	g_assert_cmpstr(xb_workload_metric(sweep, NULL)->name, ==, "unmap.b64");
	g_assert_nonnull(xb_workload_metric(sweep, "total.b1024"));
	g_assert_cmpstr(config->state_dir, ==, state);
	g_assert_cmpstr(config->socket, ==, "/tmp/xb.sock");
	g_assert_cmpuint(config->artifact_limit, ==, 512 << 20);
	g_assert_cmpstr(config->builder_command[0], ==, prog);
	g_assert_cmpstr(config->builder_command[2], ==, "two words");
	g_assert_cmpstr(config->runner_command[0], ==, "xbisect-run");
	g_assert_cmpint(config->slots, ==, 3);
	g_assert_cmpint(config->jobs, ==, 8);
	g_assert_cmpstr(config->repo, ==, repo);
	g_assert_cmpuint(g_strv_length(config->kconfig), ==, 2);
	g_assert_cmpstr(config->kconfig[1], ==, frag);
	g_assert_cmpstr(config->kconfig_base, ==, frag);
	g_assert_null(config->ccache_dir);
	g_assert_cmpstr(config->sandbox, ==, "none");
	g_assert_cmpfloat(config->build_deadline_s, ==, 900);
	g_assert_cmpstr(linux_repo->path, ==, repo);
	g_assert_cmpstr(linux_repo->trust, ==, "own");
	g_assert_cmpuint(config->hosts->len, ==, 3);
	g_assert_cmpstr(box->driver, ==, "qemu");
	g_assert_cmpfloat(box->deadline_s, ==, 120);
	g_assert_cmpstr(box->known_good, ==, known_good);
	g_assert_cmpstr(setting(box->settings, "known_good"), ==, known_good);
	g_assert_cmpstr(setting(box->settings, "xen"), ==, xen);
	g_assert_cmpstr(setting(box->settings, "silence_s"), ==, "90");
	g_assert_cmpstr(setting(box->settings, "memory"), ==, "2G");
	g_assert_cmpstr(setting(lab->settings, "command"), ==, command);
	g_assert_cmpstr(setting(lab->settings, "param.outlet"), ==, "7");
	g_assert_cmpstr(setting(xb_config_host(config, "none")->settings, "mean"), ==, "1.5");
	g_assert_cmpuint(config->workloads->len, ==, 2);
	g_assert_cmpstr(setting(workload->settings, "program"), ==, prog);
	g_assert_cmpstr(setting(workload->settings, "args"), ==, "--quick");
	g_assert_cmpstr(setting(workload->settings, "silence_s"), ==, "120");
	g_assert_false(xb_workload_metric(workload, "speed")->lower_is_better);
	g_assert_cmpstr(xb_workload_metric(workload, "lat")->unit, ==, "us");
	g_assert_cmpstr(setting(json_object_get(workload->settings, "params"), "batch"), ==, "1,2");
}

/* What is wrong, and what the one line must hold after "FILE: ". */
static const struct {
	const char *text, *line;
} mistakes[] = {
	{ "[demon]\n", "[demon]: there is no such group" },
	{ "[daemon x]\n", "[daemon x]: this group takes no name" },
	{ "[host]\n", "[host]: it needs a name: [host NAME]" },
	{ "[host a/b]\n", "[host a/b]: a name has letters" },
	{ "[host ]\n", "[host ]: a name has letters" },
	{ "[host ..]\n", "[host ..]: a name has letters" },
	{ "[daemon]\nstate=x\n", "[daemon] state: there is no such key" },
	{ "[daemon]\nartifact_limit=20X\n", "[daemon] artifact_limit: \"20X\" is not a size" },
	{ "[daemon]\nartifact_limit=0\n", "[daemon] artifact_limit: \"0\" is not a size" },
	{ "[daemon]\nstate_dir=\n", "[daemon] state_dir: it is empty" },
	{ "[daemon]\nsocket=a\nsocket=b\n", "[daemon] socket: this key stands twice" },
	{ "[daemon]\n[daemon]\n", "[daemon]: this group stands twice" },
	{ "[host a]\ncpu=x\n[host a]\ncpu=y\n", "[host a]: this group stands twice" },
	{ "[daemon]\nsocket=/"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
	  "[daemon] socket: the path is longer than" },
	{ "[builder]\nslots=0\n", "[builder] slots: \"0\" is not a whole number from 1 to 64" },
	{ "[builder]\nslots=1.5\n", "[builder] slots: \"1.5\" is not a whole number" },
	{ "[builder]\ndeadline=soon\n", "[builder] deadline: \"soon\" is not a time" },
	{ "[builder]\nsandbox=jail\n", "[builder] sandbox: \"jail\" is not bwrap or none" },
	{ "[builder]\nkconfig=frag;gone\n", "[builder] kconfig: " },
	{ "[builder]\nkconfig=repo\n", "/repo is not a file" },
	{ "[builder]\nrepo=gone\n", "[builder] repo: " },
	{ "[builder]\nrepo=frag\n", "/frag is not a directory" },
	{ "[builder]\ncommand=\n", "[builder] command: it is empty" },
	{ "[builder]\ncommand=a 'b\n", "[builder] command: " },
	{ "[builder]\ncommand=./frag\n", "/frag: Permission denied" },
	{ "[builder]\narch=../x\n", "[builder] arch: " },
	{ "[repo linux]\ntrust=a\n", "[repo linux] path: it is missing" },
	{ "[repo linux]\npath=repo\ntrust=a b\n", "[repo linux] trust: \"a b\" is no label" },
	{ "[host a]\ndriver=boat\n",
	  "[host a] driver: \"boat\" is not qemu, ssh, command or null" },
	{ "[host a]\ndriver=ssh\n", "[host a] address: it is missing; driver=ssh needs it" },
	{ "[host a]\ndriver=ssh\naddress=h\npower=magic\n", "[host a] power: " },
	{ "[host a]\ndriver=ssh\naddress=h\nsettle=0s\nsilence=0s\nssh_deadline=0s\n",
	  "[host a] ssh_deadline: " },
	{ "[host a]\ndriver=ssh\naddress=h\ndeadline=300s\n",
	  "[host a] deadline: 300s does not cover boot_deadline=300s" },
	{ "[host a]\ndriver=ssh\naddress=h\nboot_deadline=40m\n",
	  "[host a] deadline: 1800s does not cover boot_deadline=2400s" },
	{ "[host a]\ncommand=x\n", "[host a] command: there is no such key for driver=qemu" },
	{ "[host a]\ndriver=command\n", "[host a] command: it is missing" },
	{ "[host a]\ndriver=null\nxen=x\n", "[host a] xen: there is no such key for driver=null" },
	{ "[host a]\ndriver=null\nmean=fast\n", "[host a] mean: \"fast\" is not a number" },
	{ "[host a]\nicount=maybe\n", "[host a] icount: \"maybe\" is not yes or no" },
	{ "[host a]\nxen=gone\n", "[host a] xen: " },
	{ "[host a]\nknown_good=vmlinuz\n", "[host a] known_good: \"vmlinuz\" is not image:" },
	{ "[host a]\nknown_good=image:\n", "[host a] known_good: it is empty" },
	{ "[host a]\nknown_good=image:frag:gone\n", "[host a] known_good: " },
	{ "[workload w]\nprogram=prog\n", "[workload w] metrics: it is missing" },
	{ "[workload w]\nbuiltin=mremap\n", "[workload w] metrics: it is missing" },
	{ "[workload w]\nbuiltin=a b\nmetrics=a:s:lower\n",
	  "[workload w] builtin: \"a b\" is no name" },
	{ "[workload w]\nbuiltin=mremap\nprogram=prog\nmetrics=a:s:lower\n",
	  "[workload w] builtin: a workload has either" },
	{ "[workload w]\nmetrics=;\n", "[workload w] metrics: it names no metric" },
	{ "[workload w]\nmetrics=a:s\n", "[workload w] metrics: \"a:s\" is not NAME:UNIT:lower" },
	{ "[workload w]\nmetrics=a:s:up\n", "[workload w] metrics: \"a:s:up\" is not" },
	{ "[workload w]\nmetrics=a:s:lower;a:s:lower\n",
	  "[workload w] metrics: a stands there twice" },
	{ "[workload w]\nparam.=1\n", "[workload w] param.: there is no such key" },
	{ "[workload w]\nparam.a b=1\n", "[workload w] param.a b: there is no such key" },
	{ "[workload w]\niterations=0\n", "[workload w] iterations: \"0\" is not" },
	{ "[daemon]\nsocket=\\q\n", "[daemon] socket: its value cannot be read" },
	{ "[daemon]\nsocket=\xff\n", "[daemon] socket: its value cannot be read" },
	{ "[daemon]\nsocket[de]=x\n", "[daemon] socket[de]: " },
	{ "[daemon\n", "xbisectd.conf: " },
	{ "socket=x\n", "xbisectd.conf: " },
	{ "[daemon]\nnonsense\n", "xbisectd.conf: " },
};

static void test_each_mistake_is_one_line(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(mistakes); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *prefix = in_scratch("xbisectd.conf: ");
		g_autoptr(XbConfig) config = parse(mistakes[i].text, &error);

		g_test_message("%s", error != NULL ? error->message : mistakes[i].text);
		g_assert_null(config);
		g_assert_error(error, XB_CONFIG_ERROR, 0);
		g_assert_true(g_str_has_prefix(error->message, prefix));
		g_assert_nonnull(strstr(error->message, mistakes[i].line));
		g_assert_null(strchr(error->message, '\n'));
	}
}

static void write_file(const char *name, const char *text)
{
	g_autofree char *path = in_scratch(name);
	g_autofree char *directory = g_path_get_dirname(path);
	g_autoptr(GError) error = NULL;

	g_mkdir_with_parents(directory, 0700);
	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

static void remove_file(const char *name)
{
	g_autofree char *path = in_scratch(name);

	g_assert_cmpint(g_remove(path), ==, 0);
}

/* Trouble of hosts goes to those who asked for it; to all where nobody did. */
static void test_who_hears_of_hosts(void)
{
	static const char all[] = "[alert a]\nkind=webhook\nurl=http://x/\n"
				  "[alert b]\nkind=webhook\nurl=http://x/\nevents=culprit\n";
	g_autofree char *some = g_strconcat(
		all, "[alert c]\nkind=webhook\nurl=http://x/\nevents=host;fixed\n", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(XbConfig) nobody = xb_config_parse("c", all, strlen(all), &error);
	g_autoptr(XbConfig) one = xb_config_parse("c", some, strlen(some), &error);

	g_assert_no_error(error);
	g_assert_true(xb_config_alert(nobody, "a")->events & XB_ALERT_ON_HOST);
	g_assert_false(xb_config_alert(nobody, "b")->events & XB_ALERT_ON_HOST);
	g_assert_cmpuint(xb_config_alert(one, "a")->events, ==,
			 XB_ALERT_ON_CULPRIT | XB_ALERT_ON_FIXED);
	g_assert_false(xb_config_alert(one, "b")->events & XB_ALERT_ON_HOST);
	g_assert_true(xb_config_alert(one, "c")->events & XB_ALERT_ON_HOST);
}

static void test_a_remote_matches_whole_parts_of_urls(void)
{
	static const struct {
		const char *url, *name;
	} cases[] = {
		{ "https://git.example.org/a.git", "host" },
		{ "https://git.example.org", "host" },
		{ "https://git.example.org/team/a.git", "team" },
		{ "https://git.example.org/teams/a.git", "host" },
		/* other hosts, which the credentials are not for */
		{ "https://git.example.org.elsewhere.net/a.git", NULL },
		{ "https://git.example.org@elsewhere.net/a.git", NULL },
		{ "https://git.example.org:x@elsewhere.net/a.git", NULL },
		{ "http://git.example.org/a.git", NULL },
	};
	g_autoptr(XbConfig) config =
		parse_fine("[remote host]\nmatch=https://git.example.org\n"
			   "[remote team]\nmatch=https://git.example.org/team/\n");

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const XbRemoteConfig *remote = xb_config_remote(config, cases[i].url);

		g_assert_cmpstr(remote ? remote->name : NULL, ==, cases[i].name);
	}
}

static void test_drop_ins(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = in_scratch("d/main.conf");
	g_autofree char *frag = in_scratch("d/conf.d/frag2");
	XbConfig *config;

	write_file("d/main.conf", "[builder]\nslots=2\njobs=1\n[host a]\ncpu=x\n");
	write_file("d/conf.d/20-b.conf", "[builder]\nslots=5\nkconfig=frag2\n[host b]\n");
	write_file("d/conf.d/10-a.conf", "[builder]\nslots=4\n");
	write_file("d/conf.d/notes.txt", "garbage");
	write_file("d/conf.d/frag2", "");
	config = xb_config_load(path, &error);
	g_assert_no_error(error);
	g_assert_cmpint(config->slots, ==, 5);
	g_assert_cmpint(config->jobs, ==, 1);
	g_assert_cmpstr(config->kconfig[0], ==, frag);
	g_assert_cmpuint(config->hosts->len, ==, 2);
	xb_config_free(config);
	/* Two hosts of one name are an error, wherever they stand. */
	write_file("d/conf.d/30-c.conf", "[host a]\ncpu=y\n");
	g_assert_null(xb_config_load(path, &error));
	g_assert_nonnull(strstr(error->message, "30-c.conf: [host a]: this group stands in "));
	g_assert_nonnull(strstr(error->message, "main.conf already"));
	remove_file("d/conf.d/30-c.conf");
	remove_file("d/conf.d/20-b.conf");
	remove_file("d/conf.d/10-a.conf");
	remove_file("d/conf.d/notes.txt");
	remove_file("d/conf.d/frag2");
	remove_file("d/conf.d");
	remove_file("d/main.conf");
	remove_file("d");
}

static void test_files_that_cannot_be_read(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *gone = in_scratch("gone.conf"), *repo = in_scratch("repo");

	g_assert_null(xb_config_load(gone, &error));
	g_assert_nonnull(strstr(error->message, "gone.conf: there is no such file"));
	g_clear_error(&error);
	g_assert_null(xb_config_load(repo, &error));
	g_assert_nonnull(strstr(error->message, "not a regular file"));
	g_clear_error(&error);
	g_assert_null(xb_config_parse("/x.conf", "a\0b", 3, &error));
	g_assert_nonnull(strstr(error->message, "/x.conf: no configuration file: it is binary"));
}

int main(int argc, char **argv)
{
	g_autofree char *repo = NULL, *prog = NULL;
	int status;

	g_test_init(&argc, &argv, NULL);
	scratch = g_dir_make_tmp("xbisect-config-XXXXXX", NULL);
	repo = in_scratch("repo");
	prog = in_scratch("prog");
	g_mkdir(repo, 0700);
	write_file("frag", "CONFIG_X=y\n");
	write_file("xen", "");
	write_file("prog", "#!/bin/sh\n");
	g_chmod(prog, 0700);
	g_test_add_func("/config/defaults-of-an-empty-file", test_defaults_of_an_empty_file);
	g_test_add_func("/config/values-are-taken", test_values_are_taken);
	g_test_add_func("/config/hosts-of-a-pool", test_hosts_of_a_pool);
	g_test_add_func("/config/each-mistake-is-one-line", test_each_mistake_is_one_line);
	g_test_add_func("/config/who-hears-of-hosts", test_who_hears_of_hosts);
	g_test_add_func("/config/a-remote-matches-whole-parts-of-urls",
			test_a_remote_matches_whole_parts_of_urls);
	g_test_add_func("/config/drop-ins", test_drop_ins);
	g_test_add_func("/config/files-that-cannot-be-read", test_files_that_cannot_be_read);
	status = g_test_run();
	remove_file("frag");
	remove_file("xen");
	remove_file("prog");
	remove_file("repo");
	g_rmdir(scratch);
	g_free(scratch);
	return status;
}
