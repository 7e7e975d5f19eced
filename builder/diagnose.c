/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diagnose.c - the table of telling lines. */
#include "diagnose.h"

#include <string.h>

#include "failure.h"
#include "text.h"

#define SHOWN_MAX 1024

typedef enum {
	CLASS_HOST,  /* this machine */
	CLASS_EXACT, /* file and line */
	CLASS_LINK,  /* a symbol, a section, an object */
	CLASS_WEAK,  /* that something failed */
	CLASS_COUNT,
} LineClass;

typedef struct {
	LineClass class;
	const char *pattern;
} Rule;

/* The first rule that matches decides. */
static const Rule rules[] = {
	{ CLASS_HOST, "\\b(No space left on device|Disk quota exceeded|Input/output error|"
		      "Stale file handle|Too many open files|Cannot allocate memory)\\s*$" },
	{ CLASS_HOST, "virtual memory exhausted|memory exhausted|out of memory allocating|"
		      "std::bad_alloc|Resource temporarily unavailable\\s*$" },
	{ CLASS_HOST, "(error: |\\] |terminated with signal 9 \\[|^)Killed\\b|Killed signal "
		      "terminated program|\\] Error 137\\b|^.*\\bKilled\\s*$" },
	{ CLASS_HOST, "^bwrap: |^ccache: (error|FATAL)" },
	/* A tool that is looked up in PATH; one with a slash belongs to the tree. */
	{ CLASS_HOST, "^[^ :]+: (line )?(\\d+: )?[^/\\s:]+: (command )?not found\\s*$" },
	{ CLASS_HOST, "^make(\\[\\d+\\])?: [^/\\s:*]+: No such file or directory\\s*$" },
	{ CLASS_HOST, "\\bplease install \\S+" },
	{ CLASS_HOST, "fatal error: (gelf\\.h|libelf\\.h|openssl/\\S+|elfutils/\\S+|"
		      "gcc-plugin\\.h): No such file" },
	{ CLASS_EXACT, "^[^\\s:][^:]*:\\d+:(\\d+:)? (fatal )?error: " },
	{ CLASS_EXACT, "^[^\\s:][^:]*:\\d+: Error: " },
	{ CLASS_EXACT, "Kconfig[^\\s:]*:\\d+:(?! ?warning)" },
	{ CLASS_EXACT, "^[^\\s:]+:\\d+: \\*\\*\\* " },
	{ CLASS_LINK,
	  "undefined reference to|multiple definition of|error: objtool|"
	  "relocation truncated|^ERROR: |^\\S*\\bld(\\.\\w+)?: (?!warning|.*: in function )|"
	  "internal compiler error|^strip: " },
	{ CLASS_WEAK, "^make(\\[\\d+\\])?: \\*\\*\\* |[Ee]rror: " },
};

struct XbDiagnosis {
	char *src_prefix;
	char *first[CLASS_COUNT];
};

static GRegex *compiled[G_N_ELEMENTS(rules)];
static GRegex *any_rule; /* all of them: nearly no line matches one */

static GRegex *compile(const char *pattern)
{
	GRegex *regex = g_regex_new(pattern, G_REGEX_OPTIMIZE | G_REGEX_RAW, 0, NULL);

	g_assert(regex);
	return regex;
}

static void compile_rules(void)
{
	g_autoptr(GString) all = g_string_new(NULL);

	if (any_rule)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		compiled[i] = compile(rules[i].pattern);
		g_string_append_printf(all, "%s(?:%s)", i ? "|" : "", rules[i].pattern);
	}
	any_rule = compile(all->str);
}

XbDiagnosis *xb_diagnosis_new(const char *src_prefix)
{
	XbDiagnosis *self = g_new0(XbDiagnosis, 1);

	self->src_prefix = g_strconcat(src_prefix, "/", NULL);
	compile_rules();
	return self;
}

void xb_diagnosis_free(XbDiagnosis *self)
{
	if (!self)
		return;
	for (int i = 0; i < CLASS_COUNT; i++)
		g_free(self->first[i]);
	g_free(self->src_prefix);
	g_free(self);
}

/* Compilers quote the source as "   12 |  code": its text says nothing. */
static bool is_quote(const char *line)
{
	line += strspn(line, " ");
	line += strspn(line, "0123456789");
	line += strspn(line, " ");
	return *line == '|';
}

/* Most lines of a build are "  CC      file.o". */
static bool is_progress(const char *line)
{
	return line[0] == ' ' && line[1] == ' ' && g_ascii_isupper(line[2]);
}

static char *without_prefix(const XbDiagnosis *self, const char *line)
{
	g_autofree char *valid = xb_text_safe(line, -1, SHOWN_MAX, false);
	g_auto(GStrv) parts = g_strsplit(valid, self->src_prefix, -1);

	return g_strjoinv("", parts);
}

void xb_diagnosis_line(XbDiagnosis *self, const char *line)
{
	if (is_progress(line) || is_quote(line) || !g_regex_match(any_rule, line, 0, NULL))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		if (!g_regex_match(compiled[i], line, 0, NULL))
			continue;
		if (!self->first[rules[i].class])
			self->first[rules[i].class] = without_prefix(self, line);
		return;
	}
}

void xb_diagnosis_set_error(const XbDiagnosis *self, const char *step, int exit_code,
			    GError **error)
{
	if (self->first[CLASS_HOST]) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST, "%s: %s", step,
			    self->first[CLASS_HOST]);
		return;
	}
	for (int i = CLASS_EXACT; i < CLASS_COUNT; i++) {
		if (self->first[i]) {
			g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT, "%s: %s", step,
				    self->first[i]);
			return;
		}
	}
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST,
		    "%s ended with status %d and said nothing that explains it", step, exit_code);
}
