/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fetch.c - one branch of a remote repository; see fetch.h.
 */
#include "fetch.h"

#include <git2.h>
#include <git2/sys/credential.h>
#include <string.h>
#include <sys/statvfs.h>

#include "known-hosts.h"
#include "mirror.h"
#include "protocol.h"
#include "secret.h"
#include "text.h"

#define HOSTS_MAX     (4 * 1024 * 1024)
#define CREDENTIALS_N 3 /* attempts: a server that always asks again is refused */
#define PROGRESS_US   (2 * G_USEC_PER_SEC)

typedef struct {
	const json_t *credentials;
	const char *url, *path;
	uint64_t keep_free; /* bytes */
	char *problem;      /* better known here than to libgit2 */
	int asked;          /* how often credentials were */
	gint64 deadline_us, said_us;
} Fetch;

static const char *setting(const Fetch *self, const char *name)
{
	return json_string_value(json_object_get(self->credentials, name));
}

static int give_up(Fetch *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int give_up(Fetch *self, const char *format, ...)
{
	va_list arguments;

	g_free(self->problem);
	va_start(arguments, format);
	self->problem = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return GIT_EUSER;
}

/* The first line of the file; NULL when none is named or it cannot be read. */
static char *read_secret(Fetch *self, const char *name)
{
	const char *path = setting(self, name);
	g_autoptr(GError) error = NULL;
	char *secret = path != NULL ? xb_secret_read(name, path, &error) : NULL;

	if (error != NULL)
		give_up(self, "%s", error->message);
	return secret;
}

/* ---- what libgit2 asks ------------------------------------------------------------- */

static int on_credentials(git_credential **out, const char *url, const char *name_in_url,
			  unsigned int allowed, void *payload)
{
	Fetch *self = payload;
	const char *user = setting(self, "user") != NULL ? setting(self, "user") : name_in_url;
	const char *key = setting(self, "ssh_key");
	g_autofree char *secret = NULL;
	(void)url;

	if (self->asked++ >= CREDENTIALS_N)
		return give_up(self, "the remote refuses the credentials");
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(out, user != NULL ? user : "git");
	if ((allowed & GIT_CREDENTIAL_SSH_KEY) && key != NULL) {
		secret = read_secret(self, "ssh_key_password_file");
		if (self->problem != NULL)
			return GIT_EUSER;
		return git_credential_ssh_key_new(out, user != NULL ? user : "git", NULL, key,
						  secret != NULL ? secret : "");
	}
	if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) &&
	    (secret = read_secret(self, "password_file")) != NULL)
		return git_credential_userpass_plaintext_new(out, user != NULL ? user : "git",
							     secret);
	if (self->problem != NULL)
		return GIT_EUSER;
	return give_up(self, "the remote wants credentials: name a password_file or ssh_key in a "
			     "[remote] that matches its URL");
}

/* Of "ssh://user@host:port/path" and "user@host:path". */
static guint port_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at, *colon;

	if (host == NULL)
		return 0;
	host += 3;
	at = strchr(host, '@');
	if (at != NULL && at < host + strcspn(host, "/"))
		host = at + 1;
	colon = strchr(host, *host == '[' ? ']' : ':');
	if (colon != NULL && *colon == ']')
		colon = colon[1] == ':' ? colon + 1 : NULL;
	return colon != NULL && colon < host + strcspn(host, "/")
		       ? (guint)g_ascii_strtoull(colon + 1, NULL, 10)
		       : 0;
}

static int check_host_key(Fetch *self, const git_cert_hostkey *cert, const char *host)
{
	g_autofree char *home = g_build_filename(g_get_home_dir(), ".ssh", "known_hosts", NULL);
	const char *path =
		setting(self, "known_hosts") != NULL ? setting(self, "known_hosts") : home;
	g_autofree char *text = NULL;
	gsize length;

	if (!(cert->type & GIT_CERT_SSH_RAW))
		return give_up(self, "the key of %s is not known to libgit2", host);
	if (!g_file_get_contents(path, &text, &length, NULL) || length > HOSTS_MAX)
		return give_up(self, "%s cannot be read: it must hold the key of %s", path, host);
	switch (xb_known_hosts_look(text, host, port_of(self->url), (const guchar *)cert->hostkey,
				    cert->hostkey_len)) {
	case XB_KNOWN_HOST_MATCH:
		return 0;
	case XB_KNOWN_HOST_OTHER:
		return give_up(self, "the key of %s is another one than in %s", host, path);
	case XB_KNOWN_HOST_REVOKED:
		return give_up(self, "the key of %s is revoked in %s", host, path);
	default:
		return give_up(self, "%s does not know the key of %s: add it with ssh-keyscan",
			       path, host);
	}
}

static int on_certificate(git_cert *cert, int valid, const char *host, void *payload)
{
	Fetch *self = payload;

	if (cert->cert_type == GIT_CERT_HOSTKEY_LIBSSH2)
		return check_host_key(self, (const git_cert_hostkey *)(const void *)cert, host);
	return valid ? 0 : give_up(self, "the certificate of %s is not valid", host);
}

/* A remote may send more than there is room for; what others need must stay. */
static int check_room(Fetch *self)
{
	struct statvfs fs;
	uint64_t left;

	if (statvfs(self->path, &fs) != 0)
		return 0;
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	return left >= self->keep_free
		       ? 0
		       : give_up(self,
				 "only %" G_GUINT64_FORMAT " MiB free for it below %s: make room",
				 (guint64)(left >> 20), self->path);
}

static int on_progress(const git_indexer_progress *stats, void *payload)
{
	Fetch *self = payload;
	gint64 now = g_get_monotonic_time();

	if (now > self->deadline_us)
		return give_up(self, "it took too long");
	if (now - self->said_us > PROGRESS_US) {
		g_autofree char *detail = g_strdup_printf(
			"%u of %u objects", stats->received_objects, stats->total_objects);

		self->said_us = now;
		xb_emit_phase("fetch", detail);
		return check_room(self);
	}
	return 0;
}

/* ---- the fetch --------------------------------------------------------------------- */

static git_repository *open_repo(const char *path, GError **error)
{
	git_repository *repo = NULL;

	if (git_repository_open_bare(&repo, path) == 0)
		return repo;
	if (g_mkdir_with_parents(path, 0755) != 0 || git_repository_init(&repo, path, 1) != 0)
		xb_git_set_error(error, path);
	return repo;
}

/* What went wrong, without what a server may have said in control characters. */
static void say_trouble(const Fetch *self, GError **error)
{
	const git_error *last = git_error_last();
	g_autofree char *safe = xb_text_safe(
		last != NULL && last->message != NULL ? last->message : "unknown", -1, 300, false);

	g_set_error(error, XB_GIT_ERROR, 0, "%s", self->problem != NULL ? self->problem : safe);
}

static bool set_options(Fetch *self, git_fetch_options *options)
{
	const char *ca_file = setting(self, "ca_file");

	git_fetch_options_init(options, GIT_FETCH_OPTIONS_VERSION);
	options->callbacks.credentials = on_credentials;
	options->callbacks.certificate_check = on_certificate;
	options->callbacks.transfer_progress = on_progress;
	options->callbacks.payload = self;
	/* credentials are for this host: it must not send us, and them, to another one */
	if (json_object_size(self->credentials) > 0)
		options->follow_redirects = GIT_REMOTE_REDIRECT_NONE;
	options->download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options->update_fetchhead = 0;
	return ca_file == NULL ||
	       git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, ca_file, NULL) == 0;
}

static bool connect_to(git_remote *remote, const git_fetch_options *options)
{
	git_remote_connect_options connecting;

	git_remote_connect_options_init(&connecting, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
	connecting.callbacks = options->callbacks;
	connecting.follow_redirects = options->follow_redirects;
	return git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &connecting) == 0;
}

static bool is_in(const git_remote_head **heads, size_t n, const char *full_name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(heads[i]->name, full_name) == 0)
			return true;
	}
	return false;
}

static XbFetchResult fetch_branch(Fetch *self, git_repository *repo, const char *branch, char **tip,
				  GError **error)
{
	g_autofree char *name = g_strconcat("refs/heads/", branch, NULL);
	g_autofree char *spec = g_strdup_printf("+%s:%s", name, name);
	char *specs[] = { spec };
	const git_strarray refspecs = { specs, 1 };
	git_fetch_options options;
	const git_remote_head **heads;
	git_remote *remote = NULL;
	size_t n_heads = 0;
	char hex[GIT_OID_HEXSZ + 1];
	XbFetchResult result = XB_FETCH_TROUBLE;
	git_oid id;

	if (set_options(self, &options) &&
	    git_remote_create_anonymous(&remote, repo, self->url) == 0 &&
	    connect_to(remote, &options) && git_remote_ls(&heads, &n_heads, remote) == 0) {
		if (!is_in(heads, n_heads, name))
			result = XB_FETCH_GONE;
		else if (git_remote_fetch(remote, &refspecs, &options, NULL) == 0 &&
			 git_reference_name_to_id(&id, repo, name) == 0)
			result = XB_FETCH_OK;
	}
	if (result == XB_FETCH_OK)
		*tip = g_strdup(git_oid_tostr(hex, sizeof(hex), &id));
	else if (result == XB_FETCH_GONE)
		g_set_error(error, XB_GIT_ERROR, 0, "the remote has no branch \"%s\" (any more)",
			    branch);
	else
		say_trouble(self, error);
	git_remote_free(remote);
	return result;
}

XbFetchResult xb_fetch(json_t *job, char **tip, GError **error)
{
	const char *branch = json_string_value(json_object_get(job, "branch"));
	const char *path = json_string_value(json_object_get(job, "repo"));
	double deadline_s = json_number_value(json_object_get(job, "deadline_s"));
	g_autofree char *name = branch != NULL ? g_strconcat("refs/heads/", branch, NULL) : NULL;
	g_autoptr(git_repository) repo = NULL;
	Fetch self = {
		.credentials = json_object_get(job, "credentials"),
		.url = json_string_value(json_object_get(job, "url")),
		.path = path,
		.keep_free =
			(uint64_t)MAX(0, json_integer_value(json_object_get(job, "keep_free"))),
		.deadline_us = g_get_monotonic_time() +
			       (gint64)((deadline_s > 0 ? deadline_s : 600) * G_USEC_PER_SEC),
	};
	XbFetchResult result;

	if (self.url == NULL || path == NULL || name == NULL ||
	    !git_reference_is_valid_name(name) || strpbrk(name, ":*") != NULL) {
		g_set_error(error, XB_PROTOCOL_ERROR, XB_PROTOCOL_ERROR_MEMBER,
			    "a fetch job needs url, repo and a valid branch");
		return XB_FETCH_TROUBLE;
	}
	repo = open_repo(path, error);
	if (repo == NULL)
		return XB_FETCH_TROUBLE;
	result = fetch_branch(&self, repo, branch, tip, error);
	g_free(self.problem);
	return result;
}
