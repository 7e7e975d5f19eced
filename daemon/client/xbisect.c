/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbisect.c - the command line: one table of commands.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

static const XbCommand commands[] = {
	{ "bisect", "GOOD..BAD", "Find the commit that changed a metric.",
	  "  xbisect bisect --wait v6.1..v6.2\n"
	  "  xbisect bisect --repo ~/linux --workload map-unmap --metric unmap \\\n"
	  "      --confidence 0.999 --min-effect 2% GOOD..BAD\n"
	  "  xbisect bisect --images kernels.txt     prebuilt kernels, good first\n",
	  xb_cmd_bisect },
	{ "ab", "BASE TEST", "Compare two variants: revisions or images, plus patches and configs.",
	  "  xbisect ab --wait --test-patch fix.patch HEAD HEAD\n"
	  "  xbisect ab --test-kconfig debug.config v6.1 v6.1\n"
	  "  xbisect ab image:/boot/vmlinuz-6.1.0-1-amd64:/lib/modules/6.1.0-1-amd64 HEAD\n",
	  xb_cmd_ab },
	{ "compare", "BASE VARIANT VARIANT...",
	  "Compare several variants with one base: candidates for a fix, for example.",
	  "  xbisect compare --wait --patch 2:fix.patch --patch 3:other.patch \\\n"
	  "      v6.1 HEAD HEAD HEAD\n"
	  "  xbisect compare --name 1:fix --name 2:other HEAD fix-branch other-branch\n",
	  xb_cmd_compare },
	{ "measure", "REV", "Measure one variant.",
	  "  xbisect measure --wait HEAD\n"
	  "  xbisect measure --boots 10 image:/boot/vmlinuz-6.1.0-1-amd64\n",
	  xb_cmd_measure },
	{ "list", "", "List the jobs, newest first.",
	  "  xbisect list\n"
	  "  xbisect list --state running --json\n",
	  xb_cmd_list },
	{ "show", "ID", "Show a job: state, progress, and all that was measured.",
	  "  xbisect show 7\n"
	  "  xbisect show --wait 7                   follow it to its end\n",
	  xb_cmd_show },
	{ "report", "ID", "Write what a job found, for people.",
	  "  xbisect report 7\n"
	  "  xbisect report --format mbox 7 > draft.mbox\n",
	  xb_cmd_report },
	{ "log", "ID", "Print what was done for a job, and why.",
	  "  xbisect log 7\n"
	  "  xbisect log -f 7                        go on until it ends\n",
	  xb_cmd_log },
	{ "cancel", "ID", "End a job; its measurements stay.", "  xbisect cancel 7\n",
	  xb_cmd_cancel },
	{ "retry", "ID", "Queue a job again; what was measured is reused.",
	  "  xbisect retry --wait 7\n", xb_cmd_retry },
	{ "hosts",
	  "[list | show NAME | check NAME | online NAME | offline NAME REASON | drain NAME "
	  "[REASON] | undrain NAME | note NAME TEXT | relearn NAME]",
	  "List the test hosts, check one, take one out of use or back.",
	  "  xbisect hosts\n"
	  "  xbisect hosts check qemu\n"
	  "  xbisect hosts drain rack3 \"new disk at noon\"\n"
	  "  xbisect hosts offline rack3 \"new power supply\"\n",
	  xb_cmd_hosts },
	{ "alerts", "[list | test NAME | ack ID | snooze ID TIME]",
	  "List what people were told of; acknowledge or snooze it; send a test.",
	  "  xbisect alerts\n"
	  "  xbisect alerts test team                shows the dialogue when it fails\n"
	  "  xbisect alerts ack 3\n"
	  "  xbisect alerts snooze 3 7d\n",
	  xb_cmd_alerts },
	{ "watch", "[list | add NAME | show NAME | look NAME | backfill NAME | remove NAME]",
	  "Follow a branch: measure its tips, and bisect what changed.",
	  "  xbisect watch add next --repo https://git.example.org/linux.git --branch master\n"
	  "  xbisect watch add mine --repo ~/linux --branch wip --every 10m --workload map-unmap\n"
	  "  xbisect watch show next\n"
	  "  xbisect watch backfill next --from v6.1 --budget 40\n"
	  "  xbisect watch remove next\n",
	  xb_cmd_watch },
	{ "simulate", "", "Tell what a search would cost and how often it would be right.",
	  "  xbisect simulate --commits 500 --shift 2% --boot-sd 1%\n"
	  "  xbisect simulate --repo ~/linux --range v6.1..v6.2 --hosts 4\n"
	  "  xbisect simulate --culprit none         how often is a commit blamed for nothing?\n",
	  xb_cmd_simulate },
};

static void print_help(FILE *out)
{
	fputs("Usage: xbisect [--socket PATH] [--json] COMMAND [options] [arguments]\n\n"
	      "Finds the commit that made a Xen dom0 kernel slower (or faster), and compares\n"
	      "kernels, by booting and measuring them. The work is done by xbisectd.\n\n"
	      "Commands:\n",
	      out);
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\nxbisect COMMAND --help shows the options of a command, with examples.\n\n"
	      "Examples:\n"
	      "  xbisectd &                              start the daemon\n"
	      "  xbisect bisect --wait GOOD..BAD         queue a range and follow it\n"
	      "  xbisect report 1 --format markdown      what job 1 found\n\n"
	      "Exit status: 0 culprit found, variants differ, or done; 1 wrong usage or refused;\n"
	      "2 no daemon; 3 no regression or difference; 4 range or unresolved; 5 job failed.\n"
	      "xbisect(1) says more.\n",
	      out);
}

static const XbCommand *find_command(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* Options before the command. Returns the index of the command in @argv, 0
 * when there is none, -1 when everything is done. */
static int parse_global(XbClient *client, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "-?") == 0 || strcmp(argv[i], "help") == 0) {
			print_help(stdout);
			return -1;
		}
		if (strcmp(argv[i], "--version") == 0) {
			puts("xbisect " XB_VERSION);
			return -1;
		}
		if (strcmp(argv[i], "--json") == 0) {
			client->json = TRUE;
		} else if (g_str_has_prefix(argv[i], "--socket=")) {
			g_free(client->socket_option);
			client->socket_option = g_strdup(argv[i] + strlen("--socket="));
		} else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc) {
			g_free(client->socket_option);
			client->socket_option = g_strdup(argv[++i]);
		} else {
			return i;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	XbClient client = { 0 };
	const XbCommand *command;
	int at, status;

	/* What is shown is UTF-8 or ASCII, whatever the locale; numbers stay in C's form. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* A reader that has gone away (xbisect list | head) is an error of write(). */
	signal(SIGPIPE, SIG_IGN);
	at = parse_global(&client, argc, argv);
	if (at < 0)
		return XB_EXIT_OK;
	command = at > 0 ? find_command(argv[at]) : NULL;
	if (at == 0) {
		print_help(stderr);
		status = XB_EXIT_REFUSED;
	} else if (command == NULL) {
		status = xb_client_fail(&client, XB_EXIT_REFUSED,
					"xbisect --help lists what there is",
					"there is no command '%s'", argv[at]);
	} else {
		status = command->run(&client, command, argc - at, argv + at);
	}
	xb_client_clear(&client);
	return status;
}
