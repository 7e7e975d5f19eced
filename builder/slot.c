/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slot.c - the slot's lock and directories. */
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "beneath.h"
#include "failure.h"

#define LOCK_TRIES    30 /* a predecessor that was killed may need a moment */
#define ENTRIES_MAX   2000000
#define LOCK_PAUSE_US 100000

static bool take_lock(XbSlot *self, const char *work_dir, GError **error)
{
	g_autofree char *path = g_build_filename(work_dir, "lock", NULL);

	self->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (self->lock_fd < 0) {
		xb_build_set_errno(error, "cannot open %s", path);
		return false;
	}
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(self->lock_fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK)
			break;
		g_usleep(LOCK_PAUSE_US);
	}
	if (errno == EWOULDBLOCK)
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST,
			    "another builder is working in %s", work_dir);
	else
		xb_build_set_errno(error, "cannot lock %s", path);
	return false;
}

XbSlot *xb_slot_open(const char *work_dir, bool clean, GError **error)
{
	g_autoptr(XbSlot) self = g_new0(XbSlot, 1);
	const char *root;

	self->lock_fd = -1;
	if (g_mkdir_with_parents(work_dir, 0755) != 0) {
		xb_build_set_errno(error, "cannot make the slot %s", work_dir);
		return NULL;
	}
	if (!take_lock(self, work_dir, error))
		return NULL;
	self->clean = clean;
	self->clean_root = g_build_filename(work_dir, "clean", NULL);
	self->mirror = g_build_filename(work_dir, "git", NULL);
	self->src = g_build_filename(work_dir, "src", NULL);
	self->src_state = g_build_filename(work_dir, "src.state", NULL);
	self->obj_state = g_build_filename(work_dir, "obj.state", NULL);
	self->conf_state = g_build_filename(work_dir, "conf.state", NULL);
	self->bin = g_build_filename(work_dir, "bin", NULL);
	root = clean ? self->clean_root : work_dir;
	self->obj = g_build_filename(root, "obj", NULL);
	self->conf = g_build_filename(root, "conf", NULL);
	if (!xb_remove_tree(self->clean_root, error))
		return NULL;
	return g_steal_pointer(&self);
}

void xb_slot_close(XbSlot *self)
{
	if (!self)
		return;
	if (self->clean)
		xb_remove_tree(self->clean_root, NULL); /* or the next builder does */
	if (self->lock_fd >= 0)
		close(self->lock_fd);
	g_free(self->mirror);
	g_free(self->src);
	g_free(self->src_state);
	g_free(self->obj);
	g_free(self->obj_state);
	g_free(self->conf);
	g_free(self->conf_state);
	g_free(self->bin);
	g_free(self->clean_root);
	g_free(self);
}

/* As with the work tree, what was written before a power cut is not trusted. */
static char *state_text(const char *fingerprint)
{
	g_autofree char *boot = NULL;

	g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL);
	return g_strdup_printf("xbisect-objects-1 %s %s\n", fingerprint,
			       boot ? g_strstrip(boot) : "unknown");
}

static bool objects_are_sound(XbSlot *self, const char *fingerprint)
{
	g_autofree char *wanted = state_text(fingerprint);
	g_autofree char *text = NULL;
	GStatBuf st;

	return g_file_get_contents(self->obj_state, &text, NULL, NULL) &&
	       g_str_equal(text, wanted) && g_stat(self->obj_state, &st) == 0 &&
	       st.st_mtime <= time(NULL); /* make compares times */
}

bool xb_slot_prepare(XbSlot *self, const char *fingerprint, GError **error)
{
	if (!self->clean) {
		if (!objects_are_sound(self, fingerprint) &&
		    (!xb_remove_tree(self->obj, error) || !xb_remove_tree(self->conf, error)))
			return false;
		if (g_unlink(self->obj_state) != 0 && errno != ENOENT) {
			xb_build_set_errno(error, "cannot remove %s", self->obj_state);
			return false;
		}
	}
	if (g_mkdir_with_parents(self->obj, 0755) != 0 ||
	    g_mkdir_with_parents(self->conf, 0755) != 0) {
		xb_build_set_errno(error, "cannot make %s", self->obj);
		return false;
	}
	return true;
}

bool xb_slot_settle(XbSlot *self, const char *fingerprint, GError **error)
{
	g_autofree char *text = state_text(fingerprint);

	return self->clean || g_file_set_contents(self->obj_state, text, -1, error);
}

typedef struct {
	int obj_fd;
	gint64 since;
} Prune;

static bool prune_file(const char *path, void *data)
{
	const Prune *prune = data;
	struct stat st;

	if (fstatat(prune->obj_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime >= prune->since)
		unlinkat(prune->obj_fd, path, 0);
	return true;
}

bool xb_slot_prune(XbSlot *self, gint64 since, GError **error)
{
	Prune prune = { xb_beneath_open_dir(self->obj, error), since };
	bool ok;

	if (prune.obj_fd < 0)
		return false;
	ok = xb_beneath_walk(prune.obj_fd, ENTRIES_MAX, prune_file, &prune, error);
	close(prune.obj_fd);
	return ok;
}

void xb_slot_doubt(XbSlot *self)
{
	if (!self->clean)
		g_unlink(self->obj_state);
}
