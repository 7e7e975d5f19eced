/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-identity.c - what a machine that runs a hostile kernel says of itself over ssh, and the ELF
 * notes of such a kernel. */
#include "lab-identity.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const LabExpected expected = { .nonce = "7e7e",
					      .release = "6.1.0",
					      .build_id = "00ff" };
	g_autofree char *report = g_strndup((const char *)data, size);
	g_autofree char *id = lab_notes_build_id(data, size);
	g_autofree char *why = NULL;
	g_auto(LabIdentity) identity = { 0 };
	LabVerdict verdict;

	lab_identity_parse(&identity, report);
	verdict = lab_identity_judge(&identity, &expected, &why);
	g_assert((verdict == LAB_UP) == !why);
	g_assert(verdict != LAB_UP || (identity.xen && identity.dom0));
	return 0;
}
