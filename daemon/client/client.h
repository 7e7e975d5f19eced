/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.h - what every command of xbisect shares: the table's row, options
 * that each command has, requests to the daemon, and the exit statuses.
 *
 * The client knows the control socket (control.h) and nothing else of the
 * project: every answer is data of another process, shown only through the
 * accessors of job.h.
 */
#ifndef XB_CLIENT_H
#define XB_CLIENT_H

#include <gio/gio.h>
#include <jansson.h>
#include <stdbool.h>

#include "protocol.h"

/* Scripts depend on these; xbisect(1), EXIT STATUS. */
typedef enum {
	XB_EXIT_OK = 0,         /* culprit found, variants differ, or done as asked */
	XB_EXIT_REFUSED = 1,    /* wrong usage or refused request */
	XB_EXIT_NO_DAEMON = 2,  /* the daemon cannot be reached */
	XB_EXIT_NONE = 3,       /* no regression, no difference */
	XB_EXIT_UNRESOLVED = 4, /* range or unresolved */
	XB_EXIT_FAILED = 5,     /* the job failed or was cancelled */
} XbExit;

typedef struct {
	char *socket_option; /* --socket, or NULL */
	gboolean json;       /* --json: stdout carries exactly one object */
	GSocketConnection *connection;
	GDataInputStream *in;
} XbClient;

void xb_client_clear(XbClient *self);

typedef struct XbCommand XbCommand;
struct XbCommand {
	const char *name;
	const char *arguments; /* "GOOD..BAD": what follows the options */
	const char *summary;
	const char *examples; /* whole lines, shown by --help */
	int (*run)(XbClient *client, const XbCommand *command, int argc, char **argv);
};

/*
 * Parse @argv (argv[0] is the command's name) by @entries, which end with {0},
 * and the options all commands have. What is left in argv are the arguments:
 * from @min to @max of them. On wrong usage says so and returns false.
 */
bool xb_command_parse(XbClient *client, const XbCommand *command, const GOptionEntry *entries,
		      int *argc, char ***argv, int min, int max);

/* "xbisect: MESSAGE" on stderr, made safe; with --json also one object on
 * stdout: {"error", "hint", "exit"}. Returns @status. */
int xb_client_fail(XbClient *self, XbExit status, const char *hint, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* Connect when not connected. @quiet: no message, for those that try again. */
bool xb_client_connect(XbClient *self, GError **error);
void xb_client_disconnect(XbClient *self);

/* Say that no daemon answers and which command starts it; the exit status. */
int xb_client_no_daemon(XbClient *self, const GError *error);

/*
 * One request (stolen), one answer: the object with "ok": true. NULL: the
 * error has been said, and *@status is what to exit with.
 */
json_t *xb_client_request(XbClient *self, json_t *request, int *status);

/* Say the error of an answer with "ok": false; the exit status. */
int xb_client_refused(XbClient *self, const json_t *answer);

/* The one object of --json. Steals @object. Returns XB_EXIT_OK, or
 * XB_EXIT_FAILED when stdout can't be written. */
int xb_client_print_json(json_t *object);

/* "7" or "#7". */
bool xb_client_parse_id(XbClient *self, const char *text, gint64 *id);

/* ---- the commands, one file a group ----------------------------------------- */
int xb_cmd_bisect(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_ab(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_compare(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_measure(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_list(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_show(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_report(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_log(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_cancel(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_retry(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_hosts(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_alerts(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_watch(XbClient *client, const XbCommand *command, int argc, char **argv);
int xb_cmd_simulate(XbClient *client, const XbCommand *command, int argc, char **argv);

#endif
