/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses.c - see uses.h. */
#include "uses.h"

#include "c-functions.h"

/* A function or macro, and where. */
typedef struct {
	const char *path, *name; /* of the words */
	bool source;             /* an object was made from the file */
} User;

struct XbUses {
	const XbObjectMap *map;
	GStringChunk *words;
	GArray *users;        /* User */
	GHashTable *mentions; /* word -> GArray of guint: those of @users whose body has it */
};

XbUses *xb_uses_new(const XbObjectMap *map)
{
	XbUses *self = g_new0(XbUses, 1);

	self->map = map;
	self->words = g_string_chunk_new(1 << 16);
	self->users = g_array_new(FALSE, FALSE, sizeof(User));
	self->mentions =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);
	return self;
}

void xb_uses_free(XbUses *self)
{
	if (!self)
		return;
	g_hash_table_unref(self->mentions);
	g_array_unref(self->users);
	g_string_chunk_free(self->words);
	g_free(self);
}

/* Once for a user, however often its body has the word. */
static void take_word(const char *word, gsize length, void *data)
{
	XbUses *self = data;
	guint user = self->users->len - 1;
	g_autofree char *name = g_strndup(word, length);
	GArray *users = g_hash_table_lookup(self->mentions, name);

	if (!users) {
		users = g_array_new(FALSE, FALSE, sizeof(guint));
		g_hash_table_insert(self->mentions, g_string_chunk_insert_const(self->words, name),
				    users);
	}
	if (users->len == 0 || g_array_index(users, guint, users->len - 1) != user)
		g_array_append_val(users, user);
}

void xb_uses_add(XbUses *self, const char *path, const char *text, gsize length)
{
	g_autoptr(GArray) functions = xb_functions_of(text, length, g_str_has_suffix(path, ".S"));
	XbObjectFile file = { 0 };

	xb_object_map_file(self->map, path, &file);
	for (guint i = 0; i < functions->len; i++) {
		const XbFunction *function = &g_array_index(functions, XbFunction, i);
		const User user = {
			.path = g_string_chunk_insert_const(self->words, path),
			.name = g_string_chunk_insert_const(self->words, function->name),
			.source = file.source,
		};

		if (function->data)
			continue;
		g_array_append_val(self->users, user);
		xb_functions_words(text, function, take_word, self);
	}
}

/* ---- asking ------------------------------------------------------------------------- */

/* A name that is still to be looked for. */
typedef struct {
	const char *path; /* in this file only; NULL: in all */
	const char *name;
} Wanted;

typedef struct {
	const XbUses *uses;
	GArray *wanted;   /* Wanted */
	guint8 *followed; /* by user */
	XbFunctionState state;
	double *share;
} Walk;

/* What @path has of that name; what mentions it is looked for next where that says nothing. */
static void walk_to(Walk *walk, const char *path, bool source, const char *name)
{
	const Wanted wanted = { source ? path : NULL, name };
	XbFunctionState state =
		xb_object_map_function(walk->uses->map, wanted.path, name, walk->share);

	walk->state = MAX(walk->state, state);
	/* one of a header may have a copy in some objects, and be inlined in others */
	if (state == XB_FUNCTION_UNKNOWN || !source)
		g_array_append_val(walk->wanted, wanted);
}

static void follow(Walk *walk, const Wanted *wanted)
{
	const GArray *users = g_hash_table_lookup(walk->uses->mentions, wanted->name);

	for (guint i = 0; users && i < users->len; i++) {
		guint number = g_array_index(users, guint, i);
		const User *user = &g_array_index(walk->uses->users, User, number);

		if (walk->followed[number] ||
		    (wanted->path && !g_str_equal(wanted->path, user->path)))
			continue;
		walk->followed[number] = 1;
		walk_to(walk, user->path, user->source, user->name);
	}
}

XbFunctionState xb_uses_state(const XbUses *self, const char *path, const char *name, double *share)
{
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(Wanted));
	g_autofree guint8 *followed = g_new0(guint8, self->users->len + 1);
	Walk walk = { .uses = self, .wanted = wanted, .followed = followed, .share = share };
	XbObjectFile file = { 0 };

	xb_object_map_file(self->map, path, &file);
	walk_to(&walk, path, file.source, name);
	for (guint i = 0; i < wanted->len; i++) {
		const Wanted next = g_array_index(wanted, Wanted, i);

		follow(&walk, &next);
	}
	return walk.state;
}
