/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobdata.h - all that the database knows of one job, read at once: what a
 * planner needs and what is shown to people. Read, use, free; nothing is kept
 * from one planning round to the next.
 */
#ifndef XB_JOBDATA_H
#define XB_JOBDATA_H

#include <jansson.h>
#include "db.h"

/* Which image of which node a variant is in this job. */
typedef struct {
	int64_t variant_id;
	guint image_class; /* see xb_jobdata_class() */
	int node;
	bool clean, revert;
} XbRole;

typedef struct {
	XbJob *job;
	json_t *spec;
	XbDb *db;            /* of what is shown: the rest is read from there; else NULL */
	GPtrArray *commits;  /* XbJobCommit*, by node; of what is shown: see xb_jobdata_commit() */
	GPtrArray *variants; /* XbVariant*, by node; of what is shown, NULL where nothing is
			      * known, and else as by xb_db_variants_known() */
	GPtrArray *images;   /* XbJobImage* */
	GPtrArray *image_variants; /* XbVariant* beside images; NULL where impossible */
	GPtrArray *paths;          /* XbJobPath* by node, NULL where nothing is known; without any:
				    * nobody has looked what the workload executes; of what is
				    * shown: see xb_jobdata_path() */
	GPtrArray *runs;           /* XbRun* on any of these, any job's, by id */
	GHashTable *samples;       /* run id -> GArray of double, of the job's metric */
	GHashTable *roles;         /* variant id -> XbRole*, the first node that has it; of what is
				    * shown, only of variants that a run is about */
	GHashTable *images_seen;   /* hash of an image -> its class number */
	guint classes;             /* how many there are */
	const char *metric, *host_fp, *workload_fp; /* fingerprints "" until pinned */
	bool own_boots; /* only this job's own boots say something: see xb_jobdata_run_is_used() */
	bool own_confirmation; /* only they confirm: see xb_jobdata_is_boot_of_image() */
} XbJobData;

/* What planners may index with: nodes have no gaps, parents come before their children, only the
 * first of a bisect has none, and images are of nodes; else it is XB_DB_ERROR_CORRUPT. */
XbJobData *xb_jobdata_load(XbDb *db, int64_t job_id, GError **error);
/* For people, who do not look at each of 20,000 commits: those are read when they are asked for,
 * from @db, which must live as long. No planner can work with it. Images are of nodes there, too.
 */
XbJobData *xb_jobdata_load_shown(XbDb *db, int64_t job_id, GError **error);
void xb_jobdata_free(XbJobData *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XbJobData, xb_jobdata_free)

/* The commit of a node. One that cannot be read, or whose parents are not before it, is a commit
 * without a name, and a warning. */
const XbJobCommit *xb_jobdata_commit(const XbJobData *self, guint node);

/* What a node touches; NULL where nothing is known. */
const XbJobPath *xb_jobdata_path(const XbJobData *self, guint node);

/* Members of the spec; defaults when absent. */
const char *xb_spec_string(const XbJobData *self, const char *name);
double xb_spec_number(const XbJobData *self, const char *name, double fallback);
bool xb_spec_bool(const XbJobData *self, const char *name);

/* A revision of @spec as people read it: an id of 40 digits is cut to twelve. Caller frees. */
char *xb_spec_revision(json_t *spec, const char *name);

/* The class of a variant's image: equal for equal images; never 0. */
guint xb_jobdata_class(const XbJobData *self, const XbVariant *variant);

/* A boot whose numbers the job may use: done, ok, both fingerprints the job's, metric there. */
bool xb_jobdata_run_counts(const XbJobData *self, const XbRun *run);

/* A boot of this job, on its class of hosts, that came up and brought no number: its workload
 * failed, or gave no sample of the metric, or one that is not above zero, or in another unit.
 * Another job's metric may have been another. */
bool xb_jobdata_run_is_void(const XbJobData *self, const XbRun *run);

/* One that counts, and that the job's verdict is made of. On hosts whose boots vary, an A/B, a
 * comparison and a measurement use boots of their own only, since those of another day do not
 * interleave with them (the planner says so in the verdict, "own_boots"; until there is one, none
 * but their own is taken). A bisect uses all. */
bool xb_jobdata_run_is_used(const XbJobData *self, const XbRun *run);

/* The node (and which image of it) that a run is a boot or build of; NULL when none. */
const XbRole *xb_jobdata_role(const XbJobData *self, const XbRun *run);

/* The clean image @i (of self->images) turned out to be the search's own. */
bool xb_jobdata_image_is_normal(const XbJobData *self, guint i);

/* @run is a boot of the image @i, as the confirmation counts them: one for a confirmation of that
 * build, or of any other that came out as the same image (the search's, which is booted while the
 * clean rebuild is still at work). On hosts whose boots vary it is this job's own: those of another
 * led to its suspicion (the planner says so in the verdict, "own_confirmation"; until there is one,
 * none but its own is taken). All boots of a revert count. */
bool xb_jobdata_is_boot_of_image(const XbJobData *self, guint i, const XbRun *run);

/* @run is a boot of the image that the search built of a commit whose clean rebuild then came
 * out as another, which stands for it: this boot does not (see daemon/engine/clean.h). */
bool xb_jobdata_run_is_refuted(const XbJobData *self, const XbRun *run);

/* Its image as people see it: "normal", "clean" or "revert". */
const char *xb_role_image(const XbRole *role);

/* The run was on the job's class of hosts with the job's workload (both fingerprints). */
bool xb_jobdata_same_hosts(const XbJobData *self, const XbRun *run);

/* The variant by id among those of the job; NULL when it is none of them. */
const XbVariant *xb_jobdata_variant(const XbJobData *self, int64_t id);

#endif
