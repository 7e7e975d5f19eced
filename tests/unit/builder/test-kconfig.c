/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments against the configuration that came out. */
#include "failure.h"
#include "kconfig.h"

typedef struct {
	const char *name;
	const char *wanted;
	const char *got;
	const char *message; /* part of it; NULL: it survives */
} Case;

static const Case cases[] = {
	{ "yes-survives", "CONFIG_A=y\n", "CONFIG_A=y\n", NULL },
	{ "absent-is-lost", "CONFIG_A=y\n", "", "CONFIG_A: wanted y, got not set" },
	{ "switched-off-is-lost", "CONFIG_A=y\n", "# CONFIG_A is not set\n", "CONFIG_A: wanted y" },
	{ "module-is-not-yes", "CONFIG_A=y\n", "CONFIG_A=m\n", "wanted y, got m" },
	{ "off-and-absent-agree", "# CONFIG_A is not set\n", "", NULL },
	{ "n-and-absent-agree", "CONFIG_A=n\n", "", NULL },
	{ "off-that-came-back", "# CONFIG_A is not set\n", "CONFIG_A=y\n",
	  "CONFIG_A: wanted not set, got y" },
	{ "strings-are-compared", "CONFIG_S=\"a b\"\n", "CONFIG_S=\"a c\"\n", "wanted \"a b\"" },
	{ "numbers", "CONFIG_N=250\n", "CONFIG_N=250\n", NULL },
	{ "a-later-line-wins", "CONFIG_A=y\n# CONFIG_A is not set\n", "", NULL },
	{ "comments-are-not-symbols", "# CONFIG_A=y\n# about CONFIG_A is not set\n", "", NULL },
	{ "a-prefix-is-another-symbol", "CONFIG_A=y\n", "CONFIG_AB=y\n", "CONFIG_A: wanted y" },
	{ "last-line-without-newline", "CONFIG_A=y", "CONFIG_A=y", NULL },
	{ "control-characters-are-escaped", "CONFIG_S=\"\033[31m\"\n", "", "\\x1B" },
};

static void test_check(gconstpointer data)
{
	const Case *item = data;
	g_autoptr(GHashTable) wanted = xb_kconfig_parse(item->wanted);
	g_autoptr(GHashTable) got = xb_kconfig_parse(item->got);
	g_autoptr(GError) error = NULL;
	bool ok = xb_kconfig_check(wanted, got, &error);

	g_assert_cmpint(ok, ==, item->message == NULL);
	if (ok) {
		g_assert_no_error(error);
		return;
	}
	g_assert_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT);
	g_assert_nonnull(strstr(error->message, item->message));
}

static void test_names_a_few_of_many(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GHashTable) wanted = NULL;
	g_autoptr(GHashTable) got = xb_kconfig_parse("");
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < 100; i++)
		g_string_append_printf(text, "CONFIG_X%02d=y\n", i);
	wanted = xb_kconfig_parse(text->str);
	g_assert_false(xb_kconfig_check(wanted, got, &error));
	g_assert_nonnull(strstr(error->message, "CONFIG_X00: wanted y"));
	g_assert_nonnull(strstr(error->message, "and 95 more"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/kconfig/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_check);
	}
	g_test_add_func("/kconfig/names-a-few-of-many", test_names_a_few_of_many);
	return g_test_run();
}
