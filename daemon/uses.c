/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses.c - see uses.h. */
#include "uses.h"

#include <math.h>
#include <string.h>

#include "c-functions.h"

#define USERS_MAX    2000000
#define MENTIONS_MAX 40000000
#define WORDS_MAX    2000000
#define ANSWERS_MAX  100000
#define STEPS_MAX    1000000  /* from name to name, of one question */
#define ALL_STEPS    30000000 /* of all */

/* A function, a macro, or data, and where. */
typedef struct {
	const char *path, *name; /* of the words; name "": data */
	bool source;             /* an object was made from the file */
} User;

/* Of a name that was asked for. */
typedef struct {
	XbFunctionState state;
	double share;
} Answer;

struct XbUses {
	const XbObjectMap *map;
	GStringChunk *words;
	GArray *users;        /* User */
	GHashTable *mentions; /* word -> GArray of guint: those of @users whose body has it */
	guint n_mentions;
	GHashTable *answers; /* "path\nname" of a source, "name" of a header -> Answer */
	GArray *followed;    /* guint by user: the question for which it was met last */
	guint question;
	guint64 steps;
};

XbUses *xb_uses_new(const XbObjectMap *map)
{
	XbUses *self = g_new0(XbUses, 1);

	self->map = map;
	self->words = g_string_chunk_new(1 << 16);
	self->users = g_array_new(FALSE, FALSE, sizeof(User));
	self->mentions =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);
	self->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	self->followed = g_array_new(FALSE, TRUE, sizeof(guint));
	return self;
}

void xb_uses_free(XbUses *self)
{
	if (!self)
		return;
	g_hash_table_unref(self->mentions);
	g_hash_table_unref(self->answers);
	g_array_unref(self->users);
	g_array_unref(self->followed);
	g_string_chunk_free(self->words);
	g_free(self);
}

static bool is_full(const XbUses *self)
{
	return self->users->len >= USERS_MAX || self->n_mentions >= MENTIONS_MAX ||
	       g_hash_table_size(self->mentions) >= WORDS_MAX;
}

/* Once for a user, however often its body has the word. */
static void take_word(const char *word, gsize length, void *data)
{
	XbUses *self = data;
	guint user = self->users->len - 1;
	char name[XB_NAME_LENGTH_MAX + 1];
	GArray *users;

	memcpy(name, word, length);
	name[length] = '\0';
	users = g_hash_table_lookup(self->mentions, name);
	if (!users && !is_full(self)) {
		users = g_array_new(FALSE, FALSE, sizeof(guint));
		g_hash_table_insert(self->mentions, g_string_chunk_insert(self->words, name),
				    users);
	}
	if (!users || is_full(self) ||
	    (users->len > 0 && g_array_index(users, guint, users->len - 1) == user))
		return;
	g_array_append_val(users, user);
	self->n_mentions++;
}

bool xb_uses_add_functions(XbUses *self, const char *path, const char *text,
			   const GArray *functions)
{
	const char *place = g_string_chunk_insert(self->words, path);
	XbObjectFile file = { 0 };

	xb_object_map_file(self->map, path, &file);
	for (guint i = 0; i < functions->len && !is_full(self); i++) {
		const XbFunction *function = &g_array_index(functions, XbFunction, i);
		const User user = {
			.path = place,
			.name = g_string_chunk_insert_const(self->words, function->name),
			.source = file.source,
		};

		g_array_append_val(self->users, user);
		xb_functions_words(text, function, take_word, self);
	}
	return !is_full(self);
}

bool xb_uses_add(XbUses *self, const char *path, const char *text, gsize length)
{
	g_autoptr(GArray) functions = xb_functions_of(text, length, g_str_has_suffix(path, ".S"));

	return xb_uses_add_functions(self, path, text, functions);
}

/* ---- asking ------------------------------------------------------------------------- */

/* A name that is still to be looked for. */
typedef struct {
	const char *path; /* in this file only; NULL: in all */
	const char *name;
} Wanted;

typedef struct {
	XbUses *uses;
	GArray *wanted; /* Wanted */
	Answer answer;
	guint steps;
	bool in_data;
	bool cut; /* it would take too long */
} Walk;

/* What @path has of that name; what mentions it is looked for next where that says nothing. */
static void walk_to(Walk *walk, const char *path, bool source, const char *name)
{
	const Wanted wanted = { source ? path : NULL, name };
	XbFunctionState state =
		xb_object_map_function(walk->uses->map, wanted.path, name, &walk->answer.share);

	walk->answer.state = MAX(walk->answer.state, state);
	/* one of a header may have a copy in some objects, and be inlined in others */
	if (state == XB_FUNCTION_UNKNOWN || !source)
		g_array_append_val(walk->wanted, wanted);
}

static void follow(Walk *walk, const Wanted *wanted)
{
	XbUses *uses = walk->uses;
	const GArray *users = g_hash_table_lookup(uses->mentions, wanted->name);

	for (guint i = 0; users && i < users->len; i++) {
		guint number = g_array_index(users, guint, i);
		const User *user = &g_array_index(uses->users, User, number);
		guint *met = &g_array_index(uses->followed, guint, number);

		walk->cut |= walk->steps >= STEPS_MAX || uses->steps >= ALL_STEPS;
		if (walk->cut)
			return;
		walk->steps++;
		uses->steps++;
		if (*met == uses->question ||
		    (wanted->path && !g_str_equal(wanted->path, user->path)))
			continue;
		*met = uses->question;
		if (*user->name)
			walk_to(walk, user->path, user->source, user->name);
		else
			walk->in_data = true;
	}
}

static Answer answer(XbUses *self, const char *path, bool source, const char *name)
{
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(Wanted));
	Walk walk = { .uses = self, .wanted = wanted };

	self->question++;
	g_array_set_size(self->followed, self->users->len);
	walk_to(&walk, path, source, name);
	for (guint i = 0; i < wanted->len && !walk.cut; i++) {
		const Wanted next = g_array_index(wanted, Wanted, i);

		follow(&walk, &next);
	}
	if (walk.answer.state == XB_FUNCTION_IDLE && (walk.in_data || walk.cut))
		walk.answer.state = XB_FUNCTION_UNKNOWN;
	return walk.answer;
}

XbFunctionState xb_uses_state(XbUses *self, const char *path, const char *name, double *share)
{
	XbObjectFile file = { 0 };
	g_autofree char *key = NULL;
	const Answer *known;

	xb_object_map_file(self->map, path, &file);
	key = file.source ? g_strconcat(path, "\n", name, NULL) : g_strdup(name);
	known = g_hash_table_lookup(self->answers, key);
	if (!known) {
		const Answer fresh = answer(self, path, file.source, name);

		if (g_hash_table_size(self->answers) >= ANSWERS_MAX)
			g_hash_table_remove_all(self->answers);
		known = g_memdup2(&fresh, sizeof(fresh));
		g_hash_table_insert(self->answers, g_steal_pointer(&key), (gpointer)known);
	}
	*share = fmax(*share, known->share);
	return known->state;
}

bool xb_uses_mentions(const XbUses *self, const char *name)
{
	return g_hash_table_contains(self->mentions, name);
}
