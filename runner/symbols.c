/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symbols.c - see symbols.h. */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REACH_MAX   (1u << 20) /* longest function that is believed */
#define DIGITS_MAX  16
#define FIELDS_MAX  4
#define SYMBOLS_MAX (4u << 20)

/* What decides between names of one address: the lower, the better. */
typedef enum { RANK_GLOBAL, RANK_WEAK, RANK_LOCAL, RANK_OTHER } Rank;

typedef struct {
	guint64 address;
	guint32 name; /* offset in names */
	guint32 rank;
} Symbol;

struct RunnerSymbols {
	char *names;
	GArray *symbols; /* Symbol, by address, one for each; RANK_OTHER is no function */
	gsize functions;
};

static Rank rank_of(char type)
{
	switch (type) {
	case 'T':
		return RANK_GLOBAL;
	case 'W':
	case 'w':
	case 'i':
		return RANK_WEAK;
	case 't':
		return RANK_LOCAL;
	default:
		return RANK_OTHER;
	}
}

static bool parse_hex(const char *text, guint64 *value)
{
	gsize digits;

	/* as Xen's own maps have it */
	if (text[0] == '0' && text[1] == 'x')
		text += 2;
	digits = strspn(text, "0123456789abcdefABCDEF");

	if (digits == 0 || digits > DIGITS_MAX || text[digits])
		return false;
	*value = g_ascii_strtoull(text, NULL, 16);
	return true;
}

static bool is_name(const char *text)
{
	gsize length = 0;

	for (; text[length]; length++)
		if (!g_ascii_isgraph(text[length]) || length == RUNNER_SYMBOLS_NAME_MAX)
			return false;
	return length > 0;
}

/* The words of @line, cut in place; FIELDS_MAX + 1 when there are more. */
static guint split(char *line, char *fields[FIELDS_MAX])
{
	guint n = 0;

	for (char *save, *word = strtok_r(line, " \t\r", &save); word;
	     word = strtok_r(NULL, " \t\r", &save)) {
		if (n == FIELDS_MAX)
			return FIELDS_MAX + 1;
		fields[n++] = word;
	}
	return n;
}

/* One line, cut in place. False: it is none of a symbol. */
static bool parse_line(RunnerSymbols *self, char *line)
{
	char *fields[FIELDS_MAX], **type;
	guint n = split(line, fields);
	guint64 address, size;
	Symbol symbol;

	if (n == 0 || (n == 2 && strchr("Uwv", fields[0][0]) && !fields[0][1]))
		return true;
	if (n < 3 || n > 4 || !parse_hex(fields[0], &address))
		return false;
	/* "[module]" follows the name in /proc/kallsyms; a size precedes the type. */
	type = fields + 1;
	if (n == 4 && fields[3][0] != '[') {
		if (!parse_hex(fields[1], &size))
			return false;
		type++;
	}
	if (type[0][1] || !is_name(type[1]) || self->symbols->len == SYMBOLS_MAX)
		return false;
	/* Absolute symbols are offsets of the per-cpu area, no places. */
	if (type[0][0] == 'A' || type[0][0] == 'a')
		return true;
	symbol.address = address;
	symbol.name = (guint32)(type[1] - self->names);
	symbol.rank = rank_of(type[0][0]);
	g_array_append_val(self->symbols, symbol);
	return true;
}

static int compare(gconstpointer one, gconstpointer other)
{
	const Symbol *a = one, *b = other;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

/* Sort, and keep the best name of each address. */
static void settle(RunnerSymbols *self)
{
	Symbol *symbols = (Symbol *)(void *)self->symbols->data;
	guint kept = 0;

	g_array_sort(self->symbols, compare);
	for (guint i = 0; i < self->symbols->len; i++) {
		if (kept > 0 && symbols[kept - 1].address == symbols[i].address)
			continue;
		symbols[kept++] = symbols[i];
		self->functions += symbols[kept - 1].rank != RANK_OTHER;
	}
	g_array_set_size(self->symbols, kept);
}

RunnerSymbols *runner_symbols_parse(const char *name, const char *text, gsize length,
				    GError **error)
{
	g_autoptr(RunnerSymbols) self = NULL;
	guint64 number = 0;

	if (length > RUNNER_SYMBOLS_BYTES_MAX) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "%s: larger than %u MiB, which no list of symbols is", name,
			    RUNNER_SYMBOLS_BYTES_MAX >> 20);
		return NULL;
	}
	self = g_new0(RunnerSymbols, 1);
	self->symbols = g_array_new(FALSE, FALSE, sizeof(Symbol));
	self->names = g_malloc(length + 1);
	if (length > 0)
		memcpy(self->names, text, length);
	self->names[length] = '\0';
	for (char *at = self->names, *end; at < self->names + length; at = end + 1) {
		end = memchr(at, '\n', (gsize)(self->names + length - at));
		end = end ? end : self->names + length;
		number++;
		*end = '\0';
		if (strlen(at) != (gsize)(end - at) || !parse_line(self, at)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "%s: line %" G_GUINT64_FORMAT
				    " is no symbol (\"ADDRESS TYPE NAME\")",
				    name, number);
			return NULL;
		}
	}
	settle(self);
	if (self->functions > 0)
		return g_steal_pointer(&self);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: it names no function", name);
	return NULL;
}

static bool read_all(int fd, char *data, gsize length)
{
	gsize done = 0;

	while (done < length) {
		ssize_t got = read(fd, data + done, length - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got ? errno : EIO; /* it shrinks while it is read */
			return false;
		}
		done += (gsize)got;
	}
	return true;
}

RunnerSymbols *runner_symbols_load(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	g_autofree char *data = NULL;
	struct stat st = { 0 };
	bool got = fd >= 0 && fstat(fd, &st) == 0;
	int saved = errno;

	if (got && (!S_ISREG(st.st_mode) || st.st_size > (off_t)RUNNER_SYMBOLS_BYTES_MAX)) {
		close(fd);
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "%s: no regular file of at most %u MiB", path,
			    RUNNER_SYMBOLS_BYTES_MAX >> 20);
		return NULL;
	}
	if (got) {
		data = g_malloc((gsize)st.st_size + 1);
		got = read_all(fd, data, (gsize)st.st_size);
		saved = errno;
	}
	if (fd >= 0)
		close(fd);
	if (got)
		return runner_symbols_parse(path, data, (gsize)st.st_size, error);
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved), "%s: %s", path,
		    g_strerror(saved));
	return NULL;
}

void runner_symbols_free(RunnerSymbols *self)
{
	if (!self)
		return;
	g_array_unref(self->symbols);
	g_free(self->names);
	g_free(self);
}

gsize runner_symbols_count(const RunnerSymbols *self)
{
	return self->functions;
}

const char *runner_symbols_find(const RunnerSymbols *self, guint64 address, guint64 *offset)
{
	const Symbol *symbols = (const Symbol *)(const void *)self->symbols->data;
	guint low = 0, high = self->symbols->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || symbols[low - 1].rank == RANK_OTHER ||
	    address - symbols[low - 1].address > REACH_MAX)
		return NULL;
	if (offset)
		*offset = address - symbols[low - 1].address;
	return self->names + symbols[low - 1].name;
}

void runner_symbols_starts(const RunnerSymbols *self, GArray *starts)
{
	const Symbol *symbols = (const Symbol *)(const void *)self->symbols->data;

	for (guint i = 0; i < self->symbols->len; i++)
		g_array_append_val(starts, symbols[i].address);
}

guint64 runner_symbols_address(const RunnerSymbols *self, const char *name)
{
	const Symbol *symbols = (const Symbol *)(const void *)self->symbols->data;

	for (guint i = 0; i < self->symbols->len; i++)
		if (symbols[i].rank != RANK_OTHER &&
		    strcmp(self->names + symbols[i].name, name) == 0)
			return symbols[i].address;
	return 0;
}
