/* SPDX-License-Identifier: GPL-2.0-or-later */
/* c-functions.c - see c-functions.h. */
#include "c-functions.h"

#include <string.h>

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
static void take_word(Scan *scan, char word[XB_NAME_LENGTH_MAX + 1])
{
	const char *start = scan->at;
	gsize length;

	while (scan->at < scan->end && is_word(*scan->at))
		step(scan);
	length = (gsize)(scan->at - start);
	if (length > XB_NAME_LENGTH_MAX)
		length = 0;
	memcpy(word, start, length);
	word[length] = '\0';
}

static void add(GArray *functions, const char *name, guint first, guint last, gsize body,
		gsize body_end)
{
	const XbFunction function = { .name = g_strdup(name),
				      .first = first,
				      .last = last,
				      .body = body,
				      .body_length = body_end > body ? body_end - body : 0 };

	g_array_append_val(functions, function);
}

/* ---- C ------------------------------------------------------------------------------- */

/* At a '#'. A macro is a function of its own. */
static void skip_directive(Scan *scan, GArray *functions)
{
	char word[XB_NAME_LENGTH_MAX + 1] = "";
	guint first = scan->line;
	bool define;
	gsize body;

	step(scan);
	while (peek(scan, 0) == ' ' || peek(scan, 0) == '\t')
		step(scan);
	take_word(scan, word);
	define = strcmp(word, "define") == 0;
	while (define && (peek(scan, 0) == ' ' || peek(scan, 0) == '\t'))
		step(scan);
	if (define)
		take_word(scan, word);
	body = (gsize)(scan->at - scan->text);
	while (scan->at < scan->end && *scan->at != '\n') {
		if (*scan->at == '\\' && peek(scan, 1) == '\n') {
			step(scan);
			step(scan);
		} else if (*scan->at != '/' || !skip_quiet(scan)) {
			step(scan);
		}
	}
	if (define && is_word_start(*word))
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
	char word[XB_NAME_LENGTH_MAX + 1], name[XB_NAME_LENGTH_MAX + 1];
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
	if (length > 0 && length < XB_NAME_LENGTH_MAX - 16)
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
			guint place = functions->len, first = scan->line;
			bool data = !*head.name || head.value;

			skip_block(scan, functions);
			/* macros within come after it */
			const XbFunction function = {
				.name = g_strdup(data ? "" : head.name),
				.data = data,
				.first = head.begun ? head.first : first,
				.last = scan->line,
				.body = body,
				.body_length = (gsize)(scan->at - scan->text) - body,
			};
			g_array_insert_val(functions, place, function);
			/* a struct or an initialiser goes on to its ';' */
			if (!data)
				head_reset(&head);
		} else {
			take_head(scan, &head);
		}
	}
}

/* ---- assembler ------------------------------------------------------------------------- */

/* "SYM_FUNC_START(name)", "ENTRY(name)" at the beginning of a line. */
static bool take_mark(const char *line, const char *end, const char *const *marks, gsize n,
		      char name[XB_NAME_LENGTH_MAX + 1])
{
	for (gsize i = 0; i < n; i++) {
		gsize length = strlen(marks[i]), word = 0;
		const char *paren = memchr(line, '(', (gsize)(end - line));

		if ((gsize)(end - line) <= length || strncmp(line, marks[i], length) != 0 || !paren)
			continue;
		while (paren + 1 + word < end && is_word(paren[1 + word]))
			word++;
		if (word == 0 || word > XB_NAME_LENGTH_MAX)
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
	char name[XB_NAME_LENGTH_MAX + 1], other[XB_NAME_LENGTH_MAX + 1];
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

void xb_functions_words(const char *text, const XbFunction *function, XbWordFunc on_word,
			void *data)
{
	const char *body = text + function->body;
	Scan scan = { .text = body, .at = body, .end = body + function->body_length };

	while (scan.at < scan.end) {
		const char *start = scan.at;

		if (skip_quiet(&scan))
			continue;
		while (scan.at < scan.end && is_word(*scan.at))
			scan.at++;
		if (scan.at == start)
			scan.at++;
		else if (is_word_start(*start) && scan.at - start <= XB_NAME_LENGTH_MAX)
			on_word(start, (gsize)(scan.at - start), data);
	}
}

/* ---- lines outside --------------------------------------------------------------------- */

static bool starts_with(const char *line, gsize length, const char *word)
{
	gsize n = strlen(word);

	return length >= n && memcmp(line, word, n) == 0 && (length == n || !is_word(line[n]));
}

/* At what stands behind the '#'; a #define is a function. */
static XbOutside read_directive(const char *line, gsize length, int *depth)
{
	static const char *const begins[] = { "if", "ifdef", "ifndef" };
	static const char *const inner[] = { "elif", "else", "elifdef", "elifndef" };

	if (starts_with(line, length, "include"))
		return XB_OUTSIDE_NOTHING;
	for (gsize i = 0; i < G_N_ELEMENTS(begins); i++) {
		if (!starts_with(line, length, begins[i]))
			continue;
		(*depth)++;
		return XB_OUTSIDE_DECLARATIONS;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(inner); i++)
		if (starts_with(line, length, inner[i]))
			return *depth > 0 ? XB_OUTSIDE_DECLARATIONS : XB_OUTSIDE_MORE;
	if (!starts_with(line, length, "endif"))
		return XB_OUTSIDE_MORE;
	return --*depth >= 0 ? XB_OUTSIDE_DECLARATIONS : XB_OUTSIDE_MORE;
}

/* "extern int f(int a,", "int b);", "struct s;": no value, no macro's name, no assembler. A second
 * line of a typedef looks like one, too. */
static bool is_declaration(const char *line, gsize length)
{
	static const char *const others[] = { "typedef",  "asm",       "__asm__",
					      "__packed", "__aligned", "__attribute__" };

	while (length > 0 && g_ascii_isspace(line[length - 1]))
		length--;
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		if (starts_with(line, length, others[i]))
			return false;
	return length > 0 && (g_ascii_islower(*line) || *line == '_') && line[length - 1] != '\0' &&
	       strchr(";,)", line[length - 1]) && !memchr(line, '=', length) &&
	       !memchr(line, '%', length) && !memchr(line, '$', length);
}

static XbOutside read_outside(const char *line, gsize length, int *depth)
{
	while (length > 0) {
		const char *end = NULL;

		if (length > 3 && line[0] == '/' && line[1] == '*')
			end = memmem(line + 2, length - 2, "*/", 2);
		if (!end && !g_ascii_isspace(*line))
			break;
		end = end ? end + 2 : line + 1;
		length -= (gsize)(end - line);
		line = end;
	}
	if (length == 0 || *line == '*' ||
	    (length > 1 && *line == '/' && (line[1] == '/' || line[1] == '*')))
		return XB_OUTSIDE_NOTHING;
	if (*line != '#')
		return is_declaration(line, length) ? XB_OUTSIDE_DECLARATIONS : XB_OUTSIDE_MORE;
	do {
		line++;
		length--;
	} while (length > 0 && (*line == ' ' || *line == '\t'));
	return read_directive(line, length, depth);
}

XbOutside xb_functions_outside(const char *text, gsize length, const GArray *functions, guint first,
			       guint last)
{
	const char *at = text, *end = text + length;
	XbOutside most = XB_OUTSIDE_NOTHING;
	int depth = 0;
	guint next = 0;

	for (guint line = 1; at < end && line <= last; line++) {
		const char *newline = memchr(at, '\n', (gsize)(end - at));
		const char *stop = newline ? newline : end;

		while (next < functions->len &&
		       g_array_index(functions, XbFunction, next).last < line)
			next++;
		if (line >= first && (next == functions->len ||
				      g_array_index(functions, XbFunction, next).first > line)) {
			XbOutside here = read_outside(at, (gsize)(stop - at), &depth);

			most = MAX(most, here);
		}
		at = newline ? newline + 1 : end;
	}
	return depth != 0 ? XB_OUTSIDE_MORE : most;
}
