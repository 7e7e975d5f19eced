/* SPDX-License-Identifier: GPL-2.0-or-later */
/* c-functions.c - see c-functions.h. */
#include "c-functions.h"

#include <string.h>

#define NAME_LENGTH_MAX 255

/* ---- a text, byte by byte ---------------------------------------------------------- */

typedef struct {
	const char *text, *at, *end;
	guint line;
	bool fresh; /* only blanks since the line began */
} Scan;

static char peek(const Scan *scan, gsize ahead)
{
	return (gsize)(scan->end - scan->at) > ahead ? scan->at[ahead] : '\0';
}

static void step(Scan *scan)
{
	if (*scan->at == '\n') {
		scan->line++;
		scan->fresh = true;
	} else if (!g_ascii_isspace(*scan->at)) {
		scan->fresh = false;
	}
	scan->at++;
}

static void skip_line(Scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		step(scan);
}

/* A comment, or a constant in quotes that ends with its line at the latest. */
static bool skip_quiet(Scan *scan)
{
	char quote = peek(scan, 0);

	if (quote == '/' && peek(scan, 1) == '/') {
		skip_line(scan);
		return true;
	}
	if (quote == '/' && peek(scan, 1) == '*') {
		step(scan);
		step(scan);
		while (scan->at < scan->end && !(peek(scan, 0) == '*' && peek(scan, 1) == '/'))
			step(scan);
		for (guint i = 0; i < 2 && scan->at < scan->end; i++)
			step(scan);
		return true;
	}
	if (quote != '"' && quote != '\'')
		return false;
	step(scan);
	while (scan->at < scan->end && *scan->at != quote && *scan->at != '\n') {
		if (*scan->at == '\\' && scan->at + 1 < scan->end)
			step(scan);
		step(scan);
	}
	if (scan->at < scan->end && *scan->at == quote)
		step(scan);
	return true;
}

static bool is_word_start(char c)
{
	return g_ascii_isalpha(c) || c == '_';
}

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

/* The word at hand, "" when it is too long to be a name. */
static void take_word(Scan *scan, char word[NAME_LENGTH_MAX + 1])
{
	const char *start = scan->at;
	gsize length;

	while (scan->at < scan->end && is_word(*scan->at))
		step(scan);
	length = (gsize)(scan->at - start);
	if (length > NAME_LENGTH_MAX)
		length = 0;
	memcpy(word, start, length);
	word[length] = '\0';
}

static void add(GArray *functions, const char *name, guint first, guint last, gsize body,
		gsize body_end)
{
	const XbFunction function = { g_strdup(name), first, last, body,
				      body_end > body ? body_end - body : 0 };

	g_array_append_val(functions, function);
}

/* ---- C ------------------------------------------------------------------------------- */

/* At a '#'. A macro with parameters, or of more than a line, is a function of its own. */
static void skip_directive(Scan *scan, GArray *functions)
{
	char word[NAME_LENGTH_MAX + 1] = "";
	guint first = scan->line;
	bool define, parameters = false;
	gsize body;

	step(scan);
	while (peek(scan, 0) == ' ' || peek(scan, 0) == '\t')
		step(scan);
	take_word(scan, word);
	define = strcmp(word, "define") == 0;
	while (define && (peek(scan, 0) == ' ' || peek(scan, 0) == '\t'))
		step(scan);
	if (define && is_word_start(peek(scan, 0))) {
		take_word(scan, word);
		parameters = peek(scan, 0) == '(';
	}
	body = (gsize)(scan->at - scan->text);
	while (scan->at < scan->end && *scan->at != '\n') {
		if (*scan->at == '\\' && peek(scan, 1) == '\n') {
			step(scan);
			step(scan);
		} else if (*scan->at != '/' || !skip_quiet(scan)) {
			step(scan);
		}
	}
	if (define && *word && (parameters || scan->line > first))
		add(functions, word, first, scan->line, body, (gsize)(scan->at - scan->text));
}

/* Words that are followed by parentheses and are not what a function is called. */
static bool is_attribute(const char *word)
{
	static const char *const words[] = { "__attribute__",   "__acquires",    "__releases",
					     "__must_hold",     "__printf",      "__section",
					     "__aligned",       "__alias",       "asm",
					     "__asm__",         "__diagnose_as", "__counted_by",
					     "__cond_acquires", "__no_sanitize" };

	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* What was read of a declaration at the top level so far. */
typedef struct {
	char word[NAME_LENGTH_MAX + 1], name[NAME_LENGTH_MAX + 1];
	guint first;  /* line on which it began */
	guint parens; /* open */
	bool begun, value;
} Head;

static void head_reset(Head *head)
{
	memset(head, 0, sizeof(*head));
}

/* SYSCALL_DEFINE3(read, ...) makes __do_sys_read, TRACE_EVENT and so on nothing that is known. */
static void name_syscall(const Scan *scan, Head *head)
{
	const char *at = scan->at + 1;
	gsize length = 0;

	if (!g_str_has_prefix(head->word, "SYSCALL_DEFINE"))
		return;
	while (at + length < scan->end && is_word(at[length]))
		length++;
	if (length > 0 && length < NAME_LENGTH_MAX - 16)
		g_snprintf(head->name, sizeof(head->name), "__do_sys_%.*s", (int)length, at);
}

static void take_head(Scan *scan, Head *head)
{
	char c = *scan->at;

	if (!head->begun && !g_ascii_isspace(c)) {
		head->begun = true;
		head->first = scan->line;
	}
	if (is_word_start(c)) {
		if (head->parens > 0 || head->value) {
			while (scan->at < scan->end && is_word(*scan->at))
				step(scan);
			return;
		}
		take_word(scan, head->word);
		return;
	}
	if (c == '(') {
		/* the last one: a macro without its semicolon may stand before the function */
		if (head->parens++ == 0 && *head->word && !head->value &&
		    !is_attribute(head->word) &&
		    (!*head->name || !g_str_has_prefix(head->word, "__"))) {
			g_strlcpy(head->name, head->word, sizeof(head->name));
			name_syscall(scan, head);
		}
	} else if (c == ')') {
		head->parens -= head->parens > 0;
	} else if (c == '=' && head->parens == 0) {
		head->value = true;
	}
	step(scan);
	if (c == ';' && head->parens == 0)
		head_reset(head);
}

/* At a '{' of the top level: to behind its '}'. */
static void skip_block(Scan *scan, GArray *functions)
{
	guint depth = 0;

	while (scan->at < scan->end) {
		char c = *scan->at;
		bool first_column = scan->fresh && (scan->at == scan->text || scan->at[-1] == '\n');

		if (scan->fresh && c == '#') {
			skip_directive(scan, functions);
			continue;
		}
		if (skip_quiet(scan))
			continue;
		step(scan);
		depth += c == '{';
		if (c != '}')
			continue;
		depth -= depth > 0;
		if (depth == 0 || first_column)
			return;
	}
}

static void scan_c(Scan *scan, GArray *functions)
{
	Head head;

	head_reset(&head);
	while (scan->at < scan->end) {
		char c = *scan->at;

		if (scan->fresh && c == '#') {
			skip_directive(scan, functions);
		} else if (skip_quiet(scan)) {
			continue;
		} else if (c == '{' && head.parens == 0) {
			gsize body = (gsize)(scan->at + 1 - scan->text);
			guint place = functions->len;

			skip_block(scan, functions);
			if (*head.name && !head.value) {
				/* macros within come after it */
				const XbFunction function = { g_strdup(head.name), head.first,
							      scan->line, body,
							      (gsize)(scan->at - scan->text) -
								      body };
				g_array_insert_val(functions, place, function);
			}
			/* a struct or an initialiser goes on to its ';' */
			if (*head.name && !head.value)
				head_reset(&head);
		} else {
			take_head(scan, &head);
		}
	}
}

/* ---- assembler ------------------------------------------------------------------------- */

/* "SYM_FUNC_START(name)", "ENTRY(name)" at the beginning of a line. */
static bool take_mark(const char *line, const char *end, const char *const *marks, gsize n,
		      char name[NAME_LENGTH_MAX + 1])
{
	for (gsize i = 0; i < n; i++) {
		gsize length = strlen(marks[i]), word = 0;
		const char *paren = memchr(line, '(', (gsize)(end - line));

		if ((gsize)(end - line) <= length || strncmp(line, marks[i], length) != 0 || !paren)
			continue;
		while (paren + 1 + word < end && is_word(paren[1 + word]))
			word++;
		if (word == 0 || word > NAME_LENGTH_MAX)
			return false;
		memcpy(name, paren + 1, word);
		name[word] = '\0';
		return true;
	}
	return false;
}

static void scan_assembler(Scan *scan, GArray *functions)
{
	static const char *const starts[] = { "SYM_FUNC_START", "SYM_CODE_START", "SYM_INNER_LABEL",
					      "SYM_TYPED_FUNC_START", "ENTRY(" };
	static const char *const ends[] = { "SYM_FUNC_END", "SYM_CODE_END", "ENDPROC(", "END(" };
	char name[NAME_LENGTH_MAX + 1], other[NAME_LENGTH_MAX + 1];
	guint first = 0;
	gsize body = 0;

	while (scan->at < scan->end) {
		const char *line = scan->at;

		skip_line(scan);
		if (first == 0 && take_mark(line, scan->at, starts, G_N_ELEMENTS(starts), name)) {
			first = scan->line;
			body = (gsize)(scan->at - scan->text);
		} else if (first > 0 &&
			   take_mark(line, scan->at, ends, G_N_ELEMENTS(ends), other)) {
			add(functions, name, first, scan->line, body, (gsize)(line - scan->text));
			first = 0;
		}
		if (scan->at < scan->end)
			step(scan);
	}
}

/* ---- both ------------------------------------------------------------------------------ */

static void clear_function(gpointer data)
{
	g_free(((XbFunction *)data)->name);
}

GArray *xb_functions_of(const char *text, gsize length, bool assembler)
{
	GArray *functions = g_array_new(FALSE, FALSE, sizeof(XbFunction));
	Scan scan = { .text = text, .at = text, .end = text + length, .line = 1, .fresh = true };

	g_array_set_clear_func(functions, clear_function);
	if (assembler)
		scan_assembler(&scan, functions);
	else
		scan_c(&scan, functions);
	return functions;
}

bool xb_functions_mention(const char *text, gsize length, const char *name)
{
	gsize n = strlen(name);
	const char *end = text + length;

	for (const char *at = text; n > 0 && (gsize)(end - at) >= n;) {
		const char *found = memmem(at, (gsize)(end - at), name, n);

		if (!found)
			return false;
		if ((found == text || !is_word(found[-1])) &&
		    (found + n == end || !is_word(found[n])))
			return true;
		at = found + 1;
	}
	return false;
}
