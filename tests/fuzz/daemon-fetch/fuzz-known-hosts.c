/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a file of known hosts. */
#include <stdint.h>

#include "known-hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const guchar key[] = "thirty-two bytes that nobody has";
	g_autofree char *text = g_strndup((const char *)data, size);

	xb_known_hosts_look(text, "git.example.org", 22, key, sizeof(key) - 1);
	return 0;
}
