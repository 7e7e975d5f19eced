/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile.c - see profile.h. */
#include "profile.h"

#include "dom0/mark.h"

#include <string.h>

#define NODES_MAX    (1u << 20)
#define NUMBERS_MAX  4
#define DEPTH_MAX    256
#define STACKS_MAX   (64u << 20) /* bytes of the text of stacks in memory */
#define XEN_START    0xffff800000000000u
#define KERNEL_START 0xffff880000000000u

G_DEFINE_QUARK(xb - runner - profile, runner_profile_error)

typedef struct {
	guint parent; /* an earlier node; that of the first is 0 */
	guint64 address;
} Node;

typedef struct {
	guint node, phase;
	guint64 instructions;
} Count;

struct RunnerProfile {
	bool stacks, full, ended;
	guint64 entries[RUNNER_PROFILE_PHASES];
	GArray *nodes;  /* Node; 0 is the root, 1 what found no room */
	GArray *counts; /* Count */
};

static const char *const phase_names[MARK_MAX + 1] = MARK_NAMES;
G_STATIC_ASSERT(MARK_MAX + 1 == RUNNER_PROFILE_PHASES);

/* ---- reading ------------------------------------------------------------------ */

static bool parse_numbers(const char *text, guint n, const char *bases, guint64 *numbers)
{
	for (guint i = 0; i < n; i++) {
		const char *digits = bases[i] == 'x' ? "0123456789abcdef" : "0123456789";
		gsize length = strspn(text, digits);

		if (length == 0 || length > (bases[i] == 'x' ? 16 : 19))
			return false;
		if (text[length] != (i + 1 < n ? ' ' : '\0'))
			return false;
		numbers[i] = g_ascii_strtoull(text, NULL, bases[i] == 'x' ? 16 : 10);
		text += length + 1;
	}
	return true;
}

static bool add_count(RunnerProfile *self, guint64 node, guint64 phase, guint64 instructions)
{
	Count count = { (guint)node, (guint)phase, instructions };

	if (node >= self->nodes->len || phase == 0 || phase >= RUNNER_PROFILE_PHASES ||
	    self->counts->len == NODES_MAX || instructions > G_MAXINT64)
		return false;
	g_array_append_val(self->counts, count);
	return true;
}

static bool add_node(RunnerProfile *self, guint64 parent, guint64 address)
{
	Node node = { (guint)parent, address };

	if (parent >= self->nodes->len || self->nodes->len == NODES_MAX)
		return false;
	g_array_append_val(self->nodes, node);
	return true;
}

static bool read_block(RunnerProfile *self, const guint64 *numbers)
{
	if (numbers[1] == 0 || numbers[1] > 4096 || numbers[3] > G_MAXINT64 / 4096)
		return false;
	return !self->stacks && add_node(self, 0, numbers[0]) &&
	       add_count(self, self->nodes->len - 1, numbers[2], numbers[1] * numbers[3]);
}

static bool read_node(RunnerProfile *self, const guint64 *numbers)
{
	if (!self->stacks)
		return false;
	if (numbers[0] == 1 && self->nodes->len == 2) /* made beforehand */
		return numbers[1] == 0;
	return numbers[0] == self->nodes->len && add_node(self, numbers[1], numbers[2]);
}

static bool read_self(RunnerProfile *self, const guint64 *numbers)
{
	return self->stacks && add_count(self, numbers[0], numbers[1], numbers[2]);
}

static bool read_phase(RunnerProfile *self, const guint64 *numbers)
{
	if (numbers[0] == 0 || numbers[0] >= RUNNER_PROFILE_PHASES || !phase_names[numbers[0]])
		return false;
	self->entries[numbers[0]] = numbers[1];
	return true;
}

static bool read_full(RunnerProfile *self, const guint64 *numbers)
{
	(void)numbers;
	return self->full = true;
}

static bool read_end(RunnerProfile *self, const guint64 *numbers)
{
	(void)numbers;
	return self->ended = true;
}

static const struct {
	const char *word, *bases; /* of its numbers: decimal, hexadecimal */
	bool (*read)(RunnerProfile *self, const guint64 *numbers);
} items[] = {
	{ "phase", "dd", read_phase }, { "block", "xddd", read_block },
	{ "node", "ddx", read_node },  { "self", "ddd", read_self },
	{ "full", "", read_full },     { "end", "", read_end },
};

static bool read_line(RunnerProfile *self, const char *line)
{
	guint64 numbers[NUMBERS_MAX] = { 0 };
	gsize length = strcspn(line, " ");

	for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
		guint n = (guint)strlen(items[i].bases);

		if (strlen(items[i].word) != length || strncmp(items[i].word, line, length) != 0)
			continue;
		if (self->ended || (line[length] != '\0') != (n > 0))
			return false;
		return (n == 0 || parse_numbers(line + length + 1, n, items[i].bases, numbers)) &&
		       items[i].read(self, numbers);
	}
	return false;
}

static bool read_header(RunnerProfile *self, const char *line)
{
	self->stacks = strcmp(line, "xbisect-profile 1 stacks") == 0;
	return self->stacks || strcmp(line, "xbisect-profile 1 flat") == 0;
}

static RunnerProfile *profile_new(void)
{
	RunnerProfile *self = g_new0(RunnerProfile, 1);
	const Node none = { 0, 0 };

	self->nodes = g_array_new(FALSE, FALSE, sizeof(Node));
	self->counts = g_array_new(FALSE, FALSE, sizeof(Count));
	g_array_append_val(self->nodes, none);
	g_array_append_val(self->nodes, none);
	return self;
}

RunnerProfile *runner_profile_parse(const char *text, gsize length, GError **error)
{
	g_autoptr(RunnerProfile) self = profile_new();
	guint number = 0;
	char line[128];

	if (length > RUNNER_PROFILE_BYTES_MAX) {
		g_set_error(error, RUNNER_PROFILE_ERROR, 0, "the profile is larger than %u MiB",
			    RUNNER_PROFILE_BYTES_MAX >> 20);
		return NULL;
	}
	for (const char *at = text, *end; at < text + length; at = end + 1) {
		end = memchr(at, '\n', (gsize)(text + length - at));
		number++;
		if (!end || (gsize)(end - at) >= sizeof(line))
			break;
		memcpy(line, at, (gsize)(end - at));
		line[end - at] = '\0';
		if (strlen(line) != (gsize)(end - at) ||
		    !(number == 1 ? read_header(self, line) : read_line(self, line)))
			break;
		if (self->ended && end + 1 == text + length)
			return g_steal_pointer(&self);
	}
	g_set_error(error, RUNNER_PROFILE_ERROR, 0,
		    "the profile is damaged at line %u, or was not written to its end", number);
	return NULL;
}

void runner_profile_free(RunnerProfile *self)
{
	if (!self)
		return;
	g_array_unref(self->nodes);
	g_array_unref(self->counts);
	g_free(self);
}

const char *runner_profile_mode(const RunnerProfile *self)
{
	return self->stacks ? "stacks" : "flat";
}

bool runner_profile_is_full(const RunnerProfile *self)
{
	return self->full;
}

const char *runner_profile_phase(const RunnerProfile *self, guint phase)
{
	return phase < RUNNER_PROFILE_PHASES && self->entries[phase] ? phase_names[phase] : NULL;
}

RunnerProfileShare runner_profile_share(const RunnerProfile *self, guint phase)
{
	RunnerProfileShare share = { 0 };

	if (phase < RUNNER_PROFILE_PHASES)
		share.entries = self->entries[phase];
	for (guint i = 0; i < self->counts->len; i++) {
		const Count *count = &g_array_index(self->counts, Count, i);
		guint64 address = g_array_index(self->nodes, Node, count->node).address;

		if (count->phase != phase)
			continue;
		if (address < XEN_START)
			share.user += count->instructions;
		else if (address < KERNEL_START)
			share.xen += count->instructions;
		else
			share.kernel += count->instructions;
	}
	return share;
}

/* ---- folding ------------------------------------------------------------------ */

/* Xen's maps say "file.c#function" of a static one. */
static char *frame_name(guint64 address, const RunnerSymbols *linux_map,
			const RunnerSymbols *xen_map)
{
	bool xen = address < KERNEL_START;
	const RunnerSymbols *map = xen ? xen_map : linux_map;
	const char *name = map ? runner_symbols_find(map, address, NULL) : NULL;
	const char *hash = name ? strrchr(name, '#') : NULL;
	char *frame;

	if (address < XEN_START)
		return g_strdup("user");
	if (!name)
		return g_strdup(xen ? "xen_[x]" : "dom0_[k]");
	frame = g_strconcat(hash && hash[1] ? hash + 1 : name, xen ? "_[x]" : "_[k]", NULL);
	return g_strdelimit(frame, "; ", '_');
}

/* How compilers call through a pointer: between caller and callee, and of no interest. */
static bool is_thunk(const char *name)
{
	return g_str_has_prefix(name, "__x86_indirect_thunk_");
}

/* The stack that ends in @node. Frames that go by one name because no symbols tell them apart
 * are one. */
static char *stack_text(const RunnerProfile *self, guint node, char **names)
{
	const char *frames[DEPTH_MAX + 1];
	guint n = DEPTH_MAX;

	frames[DEPTH_MAX] = NULL;
	for (guint at = node; at > 1 && n > 0; at = g_array_index(self->nodes, Node, at).parent)
		if (n == DEPTH_MAX || (strcmp(frames[n], names[at]) != 0 && !is_thunk(names[at])))
			frames[--n] = names[at];
	return n == DEPTH_MAX ? g_strdup("lost") : g_strjoinv(";", (char **)(frames + n));
}

typedef struct {
	const char *stack;
	guint64 count;
} Line;

static int compare_lines(gconstpointer one, gconstpointer other)
{
	const Line *a = one, *b = other;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->stack, b->stack);
}

static char *print_lines(GHashTable *stacks)
{
	g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
	GString *text = g_string_new(NULL);
	GHashTableIter iter;
	gpointer key, value;
	guint64 rest = 0;

	g_hash_table_iter_init(&iter, stacks);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const Line line = { key, *(guint64 *)value };
		g_array_append_val(lines, line);
	}
	g_array_sort(lines, compare_lines);
	for (guint i = 0; i < lines->len; i++) {
		const Line *line = &g_array_index(lines, Line, i);

		if (text->len + strlen(line->stack) < RUNNER_PROFILE_FOLDED_MAX)
			g_string_append_printf(text, "%s %" G_GUINT64_FORMAT "\n", line->stack,
					       line->count);
		else
			rest += line->count;
	}
	if (rest > 0)
		g_string_append_printf(text, "rest %" G_GUINT64_FORMAT "\n", rest);
	return g_string_free(text, FALSE);
}

/* Adds to what @stacks has of @stack, which it takes. */
static void add_stack(GHashTable *stacks, char *stack, guint64 instructions)
{
	guint64 *sum = g_hash_table_lookup(stacks, stack);

	if (sum) {
		*sum += instructions;
		g_free(stack);
		return;
	}
	sum = g_new(guint64, 1);
	*sum = instructions;
	g_hash_table_insert(stacks, stack, sum);
}

char *runner_profile_fold(const RunnerProfile *self, guint phase, const RunnerSymbols *linux_map,
			  const RunnerSymbols *xen_map)
{
	g_autoptr(GHashTable) stacks =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	gsize length = 0;

	for (guint i = 0; i < self->nodes->len; i++)
		g_ptr_array_add(names, frame_name(g_array_index(self->nodes, Node, i).address,
						  linux_map, xen_map));
	for (guint i = 0; i < self->counts->len; i++) {
		const Count *count = &g_array_index(self->counts, Count, i);
		char *stack;

		if (count->phase != phase || count->instructions == 0)
			continue;
		stack = length < STACKS_MAX ? stack_text(self, count->node, (char **)names->pdata)
					    : g_strdup("rest");
		length += strlen(stack);
		add_stack(stacks, stack, count->instructions);
	}
	return print_lines(stacks);
}
