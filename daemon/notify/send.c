/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * send.c - one message to one target through libcurl; see send.h.
 */
#include "send.h"

#include <curl/curl.h>
#include <string.h>

#include "job.h"
#include "mail.h"
#include "message.h"
#include "secret.h"
#include "text.h"

#define TIMEOUT_S     30
#define CONNECT_S     15
#define ANSWER_MAX    (64 * 1024) /* bytes of a webhook's answer; more is not read */
#define DIALOGUE_MAX  (48 * 1024)
#define DETAIL_MAX    500
#define RETRY_AFTER_S (24.0 * 3600) /* more is not believed */
#define SECRET_MIN    3             /* shorter ones are not looked for in a dialogue */

typedef struct {
	CURL *curl;
	const json_t *target;
	XbSent *sent;
	GPtrArray *secrets; /* char*: what must not be shown */
	GString *answer;    /* of a webhook */
	bool answer_cut;
	const char *upload; /* the mail that is still to be sent */
	gsize upload_left;
	char *last_refusal;    /* the last line of SMTP that was 4xx or 5xx */
	char last_class;       /* first digit of the last reply of SMTP */
	bool was_deferred;     /* 4xx to something */
	bool data_asked;       /* 354: what comes is about the message, not about who gets it */
	GPtrArray *recipients; /* char*, in the order they are offered in */
	guint offered;         /* of them */
	bool offering;         /* the next reply is about the last of these */
	bool secret_asked;     /* 334: what follows is a secret, whatever the mechanism */
	struct curl_slist *lists[2];
	char message[CURL_ERROR_SIZE];
} Transfer;

void xb_sent_clear(XbSent *sent)
{
	g_clear_pointer(&sent->detail, g_free);
	g_clear_pointer(&sent->rest, g_ptr_array_unref);
	if (sent->dialogue != NULL)
		g_string_free(sent->dialogue, TRUE);
	sent->dialogue = NULL;
}

bool xb_send_setup(GError **error)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		return true;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "libcurl does not start");
	return false;
}

/* ---- secrets --------------------------------------------------------------------- */

/* The text of the file named by @member, without the newline at its end; NULL without @error when
 * none is named. */
static char *read_secret(const Transfer *self, const char *member, GError **error)
{
	const char *path = json_string_value(json_object_get(self->target, member));
	char *secret = path != NULL ? xb_secret_read(member, path, error) : NULL;

	if (secret != NULL)
		g_ptr_array_add(self->secrets, g_strdup(secret));
	return secret;
}

char *xb_send_mask(const char *line, GPtrArray *secrets)
{
	g_autoptr(GString) text = g_string_new(line);

	for (guint i = 0; i < secrets->len; i++) {
		const char *secret = secrets->pdata[i];

		if (strlen(secret) >= SECRET_MIN)
			g_string_replace(text, secret, "***", 0);
	}
	return g_strdup(text->str);
}

char *xb_send_signature(const char *secret, const char *body, gsize length)
{
	g_autofree char *hex =
		g_compute_hmac_for_data(G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret),
					(const guchar *)body, length);

	return g_strconcat("sha256=", hex, NULL);
}

/* ---- what libcurl calls ------------------------------------------------------------ */

static void add_line(Transfer *self, const char *mark, const char *data, gsize length)
{
	GString *out = self->sent->dialogue;
	g_autofree char *raw = g_strndup(data, length), *masked = NULL, *safe = NULL;

	if (out->len > DIALOGUE_MAX)
		return;
	if (*mark == '>' && g_ascii_strncasecmp(raw, "AUTH ", 5) == 0)
		raw[strcspn(raw + 5, " \r\n") + 5] = '\0';
	else if (*mark == '>' && self->secret_asked)
		*raw = '\0';
	masked = xb_send_mask(raw, self->secrets);
	safe = xb_text_safe(masked, -1, 2000, false);
	g_string_append_printf(out, "%s %s\n", mark, *raw != '\0' ? safe : "***");
}

/* What we say, as far as the replies to it are told apart. */
static void note_command(Transfer *self, const char *line, gsize length)
{
	self->offering = length > 8 && g_ascii_strncasecmp(line, "RCPT TO:", 8) == 0;
	self->offered += self->offering;
}

/* A recipient may be told to wait (a greylist, a full mailbox) while others are let in. */
static void note_deferred(Transfer *self)
{
	XbSent *sent = self->sent;

	if (!self->offering || self->offered > self->recipients->len)
		return;
	if (sent->rest == NULL)
		sent->rest = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(sent->rest, g_strdup(self->recipients->pdata[self->offered - 1]));
}

/* Lines of SMTP's 4xx and 5xx tell more than libcurl does. The goodbye (221) tells nothing. */
static void note_reply(Transfer *self, const char *line, gsize length)
{
	bool is_reply = length >= 3 && g_ascii_isdigit(line[0]) && g_ascii_isdigit(line[1]) &&
			g_ascii_isdigit(line[2]);

	self->secret_asked = is_reply && strncmp(line, "334", 3) == 0;
	if (!is_reply || strncmp(line, "221", 3) == 0)
		return;
	self->last_class = line[0];
	self->was_deferred |= line[0] == '4';
	self->data_asked |= strncmp(line, "354", 3) == 0;
	if (line[0] == '4' && (length == 3 || line[3] != '-'))
		note_deferred(self);
	if (line[0] == '4' || line[0] == '5') {
		g_free(self->last_refusal);
		self->last_refusal = g_strndup(line, length);
	}
}

static int on_debug(CURL *curl, curl_infotype type, char *data, size_t size, void *user)
{
	Transfer *self = user;
	const char *mark = type == CURLINFO_HEADER_IN    ? "<"
			   : type == CURLINFO_HEADER_OUT ? ">"
			   : type == CURLINFO_TEXT       ? "*"
							 : NULL;
	(void)curl;

	for (const char *end = data + size; mark != NULL && data < end;) {
		char *newline = memchr(data, '\n', (gsize)(end - data));
		char *next = newline != NULL ? newline + 1 : data + (end - data);
		gsize length = (gsize)((newline != NULL ? newline : next) - data);

		while (length > 0 && data[length - 1] == '\r')
			length--;
		if (length > 0)
			add_line(self, mark, data, length);
		if (mark[0] == '<')
			note_reply(self, data, length);
		else if (mark[0] == '>')
			note_command(self, data, length);
		data = next;
	}
	return 0;
}

static size_t on_answer(char *data, size_t size, size_t n, void *user)
{
	Transfer *self = user;
	gsize room = ANSWER_MAX - self->answer->len;

	g_string_append_len(self->answer, data, (gssize)MIN(room, size * n));
	self->answer_cut = size * n > room;
	return self->answer_cut ? 0 : size * n; /* 0 ends the transfer */
}

static size_t on_upload(char *buffer, size_t size, size_t n, void *user)
{
	Transfer *self = user;
	gsize length = MIN(size * n, self->upload_left);

	memcpy(buffer, self->upload, length);
	self->upload += length;
	self->upload_left -= length;
	return length;
}

/* ---- the transfer ------------------------------------------------------------------ */

static const char *member(const Transfer *self, const char *name)
{
	return json_string_value(json_object_get(self->target, name));
}

static void set_common(Transfer *self)
{
	double timeout_s = xb_number(self->target, "timeout_s");
	const char *proxy = member(self, "proxy"), *ca_file = member(self, "ca_file");

	if (!(timeout_s > 0))
		timeout_s = TIMEOUT_S;
	curl_easy_setopt(self->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(self->curl, CURLOPT_ERRORBUFFER, self->message);
	curl_easy_setopt(self->curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(self->curl, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(self->curl, CURLOPT_DEBUGDATA, self);
	curl_easy_setopt(self->curl, CURLOPT_TIMEOUT_MS, (long)(timeout_s * 1000));
	curl_easy_setopt(self->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(self->curl, CURLOPT_PROXY, proxy != NULL ? proxy : "");
	if (ca_file != NULL)
		curl_easy_setopt(self->curl, CURLOPT_CAINFO, ca_file);
}

static void add_to_list(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (longer != NULL)
		*list = longer;
}

static void set_recipients(Transfer *self)
{
	const json_t *some = json_object_get(self->target, "recipients");
	const json_t *to = some ? some : json_object_get(self->target, "to"), *item;
	g_autofree char *name = NULL, *from = NULL;
	size_t i;

	if (xb_mail_parse_address(member(self, "from") != NULL ? member(self, "from") : "", &name,
				  &from))
		curl_easy_setopt(self->curl, CURLOPT_MAIL_FROM, from);
	json_array_foreach(to, i, item)
	{
		g_autofree char *other = NULL, *email = NULL;

		if (json_is_string(item) &&
		    xb_mail_parse_address(json_string_value(item), &other, &email)) {
			add_to_list(&self->lists[0], email);
			g_ptr_array_add(self->recipients, g_steal_pointer(&email));
		}
	}
	curl_easy_setopt(self->curl, CURLOPT_MAIL_RCPT, self->lists[0]);
	/* one address that is gone must not keep the others from hearing of it */
	curl_easy_setopt(self->curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
}

static CURLcode send_mail(Transfer *self, const json_t *job, GError **error)
{
	g_autofree char *mail = xb_message_mail(job);
	g_autofree char *password = read_secret(self, "password_file", error);
	const char *tls = member(self, "tls"), *user = member(self, "user");

	if (*error != NULL)
		return CURLE_READ_ERROR;
	curl_easy_setopt(self->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(self->curl, CURLOPT_URL, member(self, "server"));
	curl_easy_setopt(self->curl, CURLOPT_USE_SSL,
			 (long)(g_strcmp0(tls, "none") == 0 ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	if (user != NULL && password != NULL) {
		curl_easy_setopt(self->curl, CURLOPT_USERNAME, user);
		curl_easy_setopt(self->curl, CURLOPT_PASSWORD, password);
	}
	set_recipients(self);
	self->upload = mail;
	self->upload_left = strlen(mail);
	curl_easy_setopt(self->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(self->curl, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(self->curl, CURLOPT_READDATA, self);
	return curl_easy_perform(self->curl);
}

/* Webhooks of chats are secrets themselves: what is behind the host stays out of the dialogue. */
static void hide_path(Transfer *self, const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

	if (path != NULL && path[1] != '\0')
		g_ptr_array_add(self->secrets, g_strdup(path + 1));
}

static void set_headers(Transfer *self, const json_t *job, const char *secret, const char *body)
{
	g_autofree char *key = g_strdup_printf("Idempotency-Key: %s",
					       json_string_value(json_object_get(job, "key")));
	const json_t *alert = json_array_get(json_object_get(job, "alerts"), 0);
	g_autofree char *event = xb_text(alert, "event");
	g_autofree char *event_header = g_strdup_printf(
		"X-Xbisect-Event: %s",
		json_array_size(json_object_get(job, "alerts")) == 1 ? event : "digest");

	add_to_list(&self->lists[1], "Content-Type: application/json");
	add_to_list(&self->lists[1], "User-Agent: xbisect/" XB_VERSION);
	add_to_list(&self->lists[1], "Expect:");
	add_to_list(&self->lists[1], key);
	add_to_list(&self->lists[1], event_header);
	if (secret != NULL) {
		g_autofree char *signature = xb_send_signature(secret, body, strlen(body));
		g_autofree char *header = g_strconcat("X-Xbisect-Signature-256: ", signature, NULL);

		add_to_list(&self->lists[1], header);
	}
	curl_easy_setopt(self->curl, CURLOPT_HTTPHEADER, self->lists[1]);
}

static CURLcode send_webhook(Transfer *self, const json_t *job, GError **error)
{
	g_autofree char *secret = read_secret(self, "secret_file", error);
	g_autofree char *hidden = *error == NULL ? read_secret(self, "url_file", error) : NULL;
	g_autoptr(json_t) body = NULL;
	const char *url = hidden != NULL ? hidden : member(self, "url");
	char *text;
	CURLcode result;

	if (*error != NULL)
		return CURLE_READ_ERROR;
	if (url == NULL)
		return CURLE_URL_MALFORMAT;
	if (hidden != NULL)
		hide_path(self, hidden);
	body = xb_message_body(job);
	text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	if (text == NULL)
		return CURLE_OUT_OF_MEMORY;
	set_headers(self, job, secret, text);
	curl_easy_setopt(self->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(self->curl, CURLOPT_URL, url);
	curl_easy_setopt(self->curl, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(self->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
	curl_easy_setopt(self->curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(self->curl, CURLOPT_WRITEDATA, self);
	result = curl_easy_perform(self->curl);
	free(text);
	return result;
}

/* ---- what came of it ----------------------------------------------------------------- */

static void judge_mail(Transfer *self, CURLcode result)
{
	XbSent *sent = self->sent;
	const char *refusal = self->last_refusal;

	sent->delivered = result == CURLE_OK;
	if (!sent->delivered) /* nobody has it */
		g_clear_pointer(&sent->rest, g_ptr_array_unref);
	/* not when the connection broke later, or when one of several may be let in later */
	sent->permanent = !sent->delivered && self->last_class == '5' && !self->was_deferred;
	sent->content = sent->permanent && self->data_asked;
	if (sent->delivered)
		sent->detail = refusal != NULL
				       ? g_strdup_printf("accepted, but not for all: %s", refusal)
				       : g_strdup("accepted");
	else
		sent->detail = g_strdup_printf(
			"%s%s%s",
			*self->message != '\0' ? self->message : curl_easy_strerror(result),
			refusal != NULL ? ": " : "", refusal != NULL ? refusal : "");
}

static void judge_webhook(Transfer *self, CURLcode result)
{
	XbSent *sent = self->sent;
	curl_off_t retry_after = 0;

	curl_easy_getinfo(self->curl, CURLINFO_RETRY_AFTER, &retry_after);
	sent->retry_after_s = CLAMP((double)retry_after, 0, RETRY_AFTER_S);
	/* a peer that said 200 has it, even when the rest of its answer was too long */
	sent->delivered =
		(result == CURLE_OK || self->answer_cut) && sent->code >= 200 && sent->code < 300;
	sent->permanent = sent->code >= 400 && sent->code < 500 && sent->code != 408 &&
			  sent->code != 425 && sent->code != 429;
	sent->content = sent->code == 400 || sent->code == 413 || sent->code == 422;
	if (result != CURLE_OK && !self->answer_cut) {
		sent->detail = g_strdup(*self->message != '\0' ? self->message
							       : curl_easy_strerror(result));
	} else {
		g_autofree char *answer =
			xb_text_safe(self->answer->str, (gssize)self->answer->len, 200, false);

		sent->detail =
			g_strdup_printf("HTTP %ld%s%s", sent->code, *answer ? ": " : "", answer);
	}
}

static void mask_detail(Transfer *self)
{
	g_autofree char *masked = xb_send_mask(self->sent->detail, self->secrets);

	g_free(self->sent->detail);
	self->sent->detail = xb_text_safe(masked, -1, DETAIL_MAX, false);
}

void xb_send(const json_t *job, XbSent *sent)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) answer = g_string_new(NULL);
	Transfer self = { .curl = curl_easy_init(),
			  .target = json_object_get(job, "target"),
			  .sent = sent,
			  .secrets = secrets,
			  .recipients = recipients,
			  .answer = answer };
	bool mail = g_strcmp0(member(&self, "kind"), "smtp") == 0;
	CURLcode result;

	*sent = (XbSent){ .dialogue = g_string_new(NULL) };
	if (self.curl == NULL) {
		sent->detail = g_strdup("libcurl has no memory");
		return;
	}
	set_common(&self);
	result = mail ? send_mail(&self, job, &error) : send_webhook(&self, job, &error);
	curl_easy_getinfo(self.curl, CURLINFO_RESPONSE_CODE, &sent->code);
	if (error != NULL)
		sent->detail = g_strdup(error->message);
	else if (mail)
		judge_mail(&self, result);
	else
		judge_webhook(&self, result);
	mask_detail(&self);
	curl_slist_free_all(self.lists[0]);
	curl_slist_free_all(self.lists[1]);
	curl_easy_cleanup(self.curl);
	g_free(self.last_refusal);
}
