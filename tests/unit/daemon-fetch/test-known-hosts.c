/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of hosts as ssh keeps them; the hashed line was made by ssh-keygen -H. */
#include "known-hosts.h"

#define KEY    "AAAAC3NzaC1lZDI1NTE5AAAAICjNmTnA2c3KuuOkK1A33FvEYArgTXdqZsqMz1PJs3Hp"
#define OTHER  "AAAAC3NzaC1lZDI1NTE5AAAAIBBBBTnA2c3KuuOkK1A33FvEYArgTXdqZsqMz1PJs3Hp"
#define HASHED "|1|+97AX94FDn+xFq9km1qK5/DlgVE=|OIpZSngVHYAdcVb8AcqjfaTihZ0="
#define T      " ssh-ed25519 "

static void keys_are_told_apart(void)
{
	static const struct {
		const char *text, *host;
		guint port;
		XbKnownHost wanted;
	} cases[] = {
		{ "", "git.example.org", 0, XB_KNOWN_HOST_UNKNOWN },
		{ "git.example.org" T KEY, "git.example.org", 0, XB_KNOWN_HOST_MATCH },
		{ "git.example.org" T KEY " a comment\r\n", "GIT.Example.org", 22,
		  XB_KNOWN_HOST_MATCH },
		{ "git.example.org" T OTHER, "git.example.org", 0, XB_KNOWN_HOST_OTHER },
		{ "git.example.org" T OTHER "\ngit.example.org" T KEY, "git.example.org", 0,
		  XB_KNOWN_HOST_MATCH },
		{ "git.example.org" T KEY, "git.example.com", 0, XB_KNOWN_HOST_UNKNOWN },
		{ "git.example.org" T KEY, "git.example.org", 2222, XB_KNOWN_HOST_UNKNOWN },
		{ "[git.example.org]:2222" T KEY, "git.example.org", 2222, XB_KNOWN_HOST_MATCH },
		{ "10.0.0.1,*.example.org" T KEY, "git.example.org", 0, XB_KNOWN_HOST_MATCH },
		{ "*.example.org,!git.example.org" T KEY, "git.example.org", 0,
		  XB_KNOWN_HOST_UNKNOWN },
		{ HASHED T KEY, "git.example.org", 0, XB_KNOWN_HOST_MATCH },
		{ HASHED T KEY, "git.example.com", 0, XB_KNOWN_HOST_UNKNOWN },
		{ "@revoked git.example.org" T KEY "\ngit.example.org" T KEY, "git.example.org", 0,
		  XB_KNOWN_HOST_REVOKED },
		{ "@cert-authority git.example.org" T KEY, "git.example.org", 0,
		  XB_KNOWN_HOST_UNKNOWN },
		{ "# git.example.org" T KEY, "git.example.org", 0, XB_KNOWN_HOST_UNKNOWN },
		{ "git.example.org\n\n  \n|1|\n|1|x|y z w\n@revoked", "git.example.org", 0,
		  XB_KNOWN_HOST_UNKNOWN },
		{ "*\xff" T KEY, "git.example.org", 0, XB_KNOWN_HOST_UNKNOWN },
		{ "git.example.org" T "!!!", "git.example.org", 0, XB_KNOWN_HOST_OTHER },
	};
	gsize length;
	g_autofree guchar *key = g_base64_decode(KEY, &length);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].text);
		g_assert_cmpint(xb_known_hosts_look(cases[i].text, cases[i].host, cases[i].port,
						    key, length),
				==, cases[i].wanted);
	}
	g_assert_cmpint(xb_known_hosts_look("h" T "!", "h", 0, key, 0), ==, XB_KNOWN_HOST_OTHER);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/known-hosts/keys-are-told-apart", keys_are_told_apart);
	return g_test_run();
}
