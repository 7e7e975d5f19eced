/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-web-config.c - the group [web], as the web process reads it. */
#include "web-config.h"

#include <glib/gstdio.h>
#include <string.h>

static bool load(XbWebConfig *config, const char *text, GError **error)
{
	g_autofree char *dir = g_dir_make_tmp("xbisect-test.XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "xbisectd.conf", NULL);
	bool ok;

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	ok = xb_web_config_load(config, path, error);
	g_unlink(path);
	g_rmdir(dir);
	return ok;
}

static void test_defaults(void)
{
	g_auto(XbWebConfig) config = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_true(
		load(&config, "[daemon]\nstate_dir=/s\nartifact_limit=1G\n[host x]\n", &error));
	g_assert_no_error(error);
	g_assert_cmpstr(config.listen, ==, "127.0.0.1:8347");
	g_assert_cmpstr(config.read, ==, "open");
	g_assert_cmpstr(config.token_file, ==, "/s/web.token");
	g_assert_cmpstr(config.state_dir, ==, "/s");
}

static void test_keys(void)
{
	g_auto(XbWebConfig) config = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_true(load(&config,
			   "[web]\nlisten=[::]:80\nread=token\nnames=lab;lab.example\n"
			   "user=xbweb\ntoken_file=/t\nviewers=7\n",
			   &error));
	g_assert_no_error(error);
	g_assert_cmpstr(config.listen, ==, "[::]:80");
	g_assert_cmpstr(config.user, ==, "xbweb");
	g_assert_cmpint(config.viewers, ==, 7);
}

static void test_errors(void)
{
	static const char *const texts[] = {
		"[web]\nlisten=localhost\n",
		"[web]\nlisten=127.0.0.1:70000\n",
		"[web]\nlisten=:80\n",
		"[web]\nread=everybody\n",
		"[web]\ncolour=red\n",
		"[web]\nread=open\nread=token\n",
		"[web]\nboot_dir=/tmp\n",
		"[web]\nboot_listen=127.0.0.1:0\n",
		"[web]\nboot_dir=/tmp\nboot_listen=everywhere\n",
		"[web]\nboot_dir=/none/there\nboot_listen=127.0.0.1:0\n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_auto(XbWebConfig) config = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(load(&config, texts[i], &error));
		g_assert_error(error, XB_CONFIG_ERROR, 0);
		g_assert_nonnull(strstr(error->message, "[web]"));
	}
}

static void test_addresses(void)
{
	static const struct {
		const char *text, *address;
		int port;
	} cases[] = { { "127.0.0.1:8347", "127.0.0.1", 8347 },
		      { "[::1]:0", "::1", 0 },
		      { "::1:9", "::1", 9 },
		      { "[]:1", NULL, 0 },
		      { "1.2.3.4", NULL, 0 },
		      { "name:1", NULL, 0 },
		      { "1.2.3.4:-1", NULL, 0 } };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *address = NULL;
		int port = 0;

		g_assert_cmpint(xb_web_listen_parse(cases[i].text, &address, &port), ==,
				cases[i].address != NULL);
		g_assert_cmpstr(address, ==, cases[i].address);
		g_assert_cmpint(port, ==, cases[i].port);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/web-config/defaults", test_defaults);
	g_test_add_func("/web-config/keys", test_keys);
	g_test_add_func("/web-config/errors", test_errors);
	g_test_add_func("/web-config/addresses", test_addresses);
	return g_test_run();
}
