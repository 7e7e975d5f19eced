/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports and progress from tables of JOB objects. */
#include <math.h>
#include <string.h>

#include "format.h"
#include "job.h"
#include "progress.h"
#include "report.h"
#include "term.h"

#define CULPRIT "1111111111111111111111111111111111111111"
#define PARENT  "2222222222222222222222222222222222222222"

static const char culprit_job[] =
	"{'id':7,'kind':'bisect','state':'done','title':'good..bad','repo':'/src/my linux',"
	"'good':'v1','bad':'v2','workload':'map-unmap','metric':'unmap','unit':'s','host':'qemu',"
	"'confidence_asked':0.99,'started':1700000000,'finished':1700000192,"
	"'commits_in_range':166,'can_matter':39,'reason':'the step is clear',"
	"'verdict':{'kind':'culprit','confidence':0.9998,'commits':["
	"{'id':'" CULPRIT "','subject':'x86/mm: use *native* | get','probability':0.9998}]},"
	"'effect':{'metric':'unmap','base':0.0224,'test':0.0428,'ratio':1.9107,'ci_low':1.91,"
	"'ci_high':1.92,'unit':'s'},"
	"'counts':{'builds':9,'builds_reused':2,'prebuilt':1,'boots':17,'skipped':1},"
	"'culprit':{'commit':'" CULPRIT "','subject':'x86/mm: use *native* | get',"
	"'author':'Jos\\u00e9 Example','email':'jose@example.org','date':1699990000,"
	"'message':'x86/mm: use *native* | get\\n\\nFrom here on.\\n\\u001b[31mred','diffstat':"
	"' a.h | 2 +-'},"
	"'confirmation':[{'commit':'" CULPRIT "','image':'clean','boots':3,'level':0.0428},"
	"{'commit':'" PARENT "','image':'clean','boots':3,'level':0.0224}],"
	"'host_fp':'0123456789abcdef','kernel':{'toolchain':'gcc 12.2.0','config_sha256':'c0f1'},"
	"'measurements':["
	"{'commit':'" PARENT
	"','variant':'a','boot':1,'outcome':'ok','host':'lab1','samples':[0.0223,"
	"0.0225]},"
	"{'commit':'" PARENT "','variant':'a','boot':2,'outcome':'ok','samples':[0.0224,0.0224]},"
	"{'commit':'" CULPRIT
	"','variant':'b','boot':1,'outcome':'ok','host':'lab\\u001b2','samples':"
	"[0.0428]},"
	"{'commit':'3333','variant':'c','boot':1,'outcome':'boot-failed','samples':[]}]}";

/* Objects in C without a forest of backslashes: ' stands for ". */
static json_t *object(const char *text)
{
	g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
	json_error_t at;
	json_t *value = json_loads(quoted, 0, &at);

	if (value == NULL)
		g_error("%s at %d in %s", at.text, at.position, quoted);
	return value;
}

static void assert_has(const char *document, const char *wanted)
{
	if (strstr(document, wanted) == NULL)
		g_error("'%s' is not in:\n%s", wanted, document);
}

static void assert_lacks(const char *document, const char *unwanted)
{
	if (strstr(document, unwanted) != NULL)
		g_error("'%s' is in:\n%s", unwanted, document);
}

static void a_profile_is_told_by_phase_and_function(void)
{
	g_autoptr(json_t) job = object(culprit_job);
	json_t *explanation = object(
		"{'profile':{'base_run':20,'test_run':21,'unit':'instructions','phases':[{'phase':"
		"'unmap','base':22258822,'test':43081330,'base_xen':0.328,'test_xen':0.63,"
		"'base_kernel':0.672,'test_kernel':0.37,'functions':[{'name':'x86_emulate_[x]',"
		"'base':0,'test':9123456},{'name':'do_mmu_update_[x]','base':2857246,'test':12}]}]"
		"}}");
	g_autofree char *before = xb_report_text(job);

	assert_lacks(before, "Where the time goes");
	json_object_set_new(job, "explanation", explanation);
	g_autofree char *text = xb_report_text(job);
	assert_has(text, "Where the time goes");
	assert_has(text, "32.8% -> 63.0%");
	assert_has(text, "x86_emulate_[x]");
	assert_has(text, "+9123456");
	assert_has(text, "-2857234");
	assert_has(text, "runs 20 and 21");
	g_autofree char *markdown = xb_report_markdown(job);
	assert_has(markdown, "Where the time goes");
}

static void exit_statuses(void)
{
	static const struct {
		const char *job;
		XbExit status;
	} cases[] = {
		{ "{'state':'done','verdict':{'kind':'culprit'}}", XB_EXIT_OK },
		{ "{'state':'done','verdict':{'kind':'different'}}", XB_EXIT_OK },
		{ "{'state':'done','verdict':null}", XB_EXIT_OK },
		{ "{'state':'done','verdict':{'kind':'none'}}", XB_EXIT_NONE },
		{ "{'state':'done','verdict':{'kind':'same'}}", XB_EXIT_NONE },
		{ "{'state':'done','verdict':{'kind':'range'}}", XB_EXIT_UNRESOLVED },
		{ "{'state':'done','verdict':{'kind':'unresolved'}}", XB_EXIT_UNRESOLVED },
		{ "{'state':'failed','verdict':{'kind':'culprit'}}", XB_EXIT_FAILED },
		{ "{'state':'cancelled'}", XB_EXIT_FAILED },
		{ "{'state':'running','verdict':{'kind':'none'}}", XB_EXIT_OK },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) job = object(cases[i].job);

		g_assert_cmpint(xb_job_exit(job), ==, cases[i].status);
	}
}

static void effects_have_words(void)
{
	static const struct {
		const char *job, *line; /* NULL: no effect */
	} cases[] = {
		{ "{'confidence_asked':0.99,'effect':{'metric':'unmap','ratio':1.909,'unit':'s',"
		  "'ci_low':1.907,'ci_high':1.911}}",
		  "unmap 1.91x slower (+90.9%, 99% interval +90.7% .. +91.1%)" },
		{ "{'effect':{'metric':'m','ratio':0.5,'unit':'ns'}}", "m 2.00x faster (-50.0%)" },
		{ "{'effect':{'metric':'m','ratio':2,'unit':'ops'}}", "m 2.00x higher (+100.0%)" },
		{ "{'lower_is_better':false,'effect':{'metric':'m','ratio':2,'unit':'s'}}",
		  "m 2.00x higher (+100.0%)" },
		{ "{'effect':{'metric':'m','ratio':1,'unit':'s'}}", "m unchanged (+0.00%)" },
		{ "{'effect':{'metric':'m','ratio':null,'unit':'s'}}", NULL },
		{ "{'effect':null}", NULL },
		{ "{}", NULL },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) job = object(cases[i].job);
		g_autofree char *line = xb_job_effect_line(job);

		g_assert_cmpstr(line, ==, cases[i].line);
	}
}

static void a_none_says_when_it_is_less_sure_than_asked(void)
{
	static const struct {
		const char *asked, *line;
		double confidence;
	} cases[] = {
		{ "0.99",
		  "no regression found (45.0 %: less than the 99 % asked for, and no boots are "
		  "left that could tell more)",
		  0.45 },
		{ "0.99", "no regression in this range, confidence 99.50 %", 0.995 },
		{ "0.9995",
		  "no regression found (99.50 %: less than the 99.95 % asked for, and no boots are "
		  "left that could tell more)",
		  0.995 },
		{ "null", "no regression in this range, confidence 45.0 %", 0.45 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			"{'state':'done','confidence_asked':%s,'verdict':{'kind':'none',"
			"'confidence':%g,'commits':[]}}",
			cases[i].asked, cases[i].confidence);
		g_autoptr(json_t) job = object(text);
		g_autofree char *line = xb_job_verdict_line(job);
		g_autofree char *report = xb_report_text(job);
		g_autofree char *summary = xb_report_summary(job);

		g_assert_cmpstr(line, ==, cases[i].line);
		g_assert_cmpint(xb_job_exit(job), ==, XB_EXIT_NONE);
		assert_has(report, line);
		assert_has(summary, line);
	}
}

static void levels_are_of_boots(void)
{
	g_autoptr(json_t) job = object(culprit_job);
	g_autoptr(GPtrArray) levels = xb_job_levels(job);
	const XbJobLevel *parent, *culprit, *failed;

	g_assert_cmpuint(levels->len, ==, 3);
	parent = g_ptr_array_index(levels, 0);
	culprit = g_ptr_array_index(levels, 1);
	failed = g_ptr_array_index(levels, 2);
	g_assert_cmpuint(parent->boots, ==, 2);
	g_assert_cmpuint(parent->samples, ==, 4);
	g_assert_cmpfloat_with_epsilon(parent->level, 0.0224, 1e-12);
	g_assert_cmpfloat_with_epsilon(parent->error, 0, 1e-12);
	g_assert_cmpuint(culprit->boots, ==, 1);
	g_assert_true(isnan(culprit->error));
	g_assert_cmpfloat(culprit->probability, ==, 0.9998);
	g_assert_cmpuint(failed->boots, ==, 0);
	g_assert_cmpstr(failed->outcome, ==, "boot-failed");
}

static void text_says_what_a_developer_needs(void)
{
	static const char *const wanted[] = {
		"commit " CULPRIT "\n",
		"Author: Jos\xc3\xa9 Example <jose@example.org>",
		"Date:   2023-11-14 19:26:40 UTC",
		"unmap 1.91x slower (+91.1%, 99% interval +91.0% .. +92.0%)",
		"confidence 99.98 %",
		"0.022400 +- 0.000000 seconds ( +- 0.00% )",
		"9 builds (2 reused, 1 ahead of need), 17 boots, 1 skipped",
		"v1..v2   166 commits, 39 can matter",
		"--repo '/src/my linux' --workload map-unmap --metric unmap --host qemu v1..v2",
		"xbisect retry 7",
		"boot-failed",
		"\\x1B[31mred",
		"  hosts          lab1, lab\\x1B2 (class 0123456789ab)\n",
		"  toolchain      gcc 12.2.0\n",
		"  config         sha256 c0f1\n",
	};
	g_autoptr(json_t) job = object(culprit_job);
	g_autofree char *text = xb_report_text(job);

	for (unsigned i = 0; i < G_N_ELEMENTS(wanted); i++)
		assert_has(text, wanted[i]);
	assert_lacks(text, "\033");
	g_assert_true(g_utf8_validate(text, -1, NULL));
}

static void markdown_escapes_markup(void)
{
	g_autoptr(json_t) job = object(culprit_job);
	g_autofree char *text = xb_report_markdown(job);

	assert_has(text, "# xbisect job 7: good..bad");
	assert_has(text, "x86/mm: use \\*native\\* \\| get");
	assert_has(text, "| commit | image | boots | level | to base | probability | subject |");
	assert_has(text, "|---|---|--:|--:|--:|--:|---|");
}

static void a_fence_is_longer_than_what_it_holds(void)
{
	g_autoptr(GString) out = g_string_new(NULL);
	XbWriter writer = xb_writer_markdown(out);

	writer.literal(&writer, "a ```` b");
	g_assert_cmpstr(out->str, ==, "`````\na ```` b\n`````\n\n");
}

static void mbox_headers_cannot_be_injected(void)
{
	g_autoptr(json_t) job = object(culprit_job);
	json_t *culprit = json_object_get(job, "culprit");
	g_autofree char *mail = NULL, *hostile = NULL;

	mail = xb_report_mbox(job, "Tester <t@example.org>");
	assert_has(mail, "From xbisect Mon Sep 17 00:00:00 2001\nFrom: Tester <t@example.org>\n");
	assert_has(mail, "\nTo: =?UTF-8?B?Sm9zw6kgRXhhbXBsZQ==?= <jose@example.org>\n");
	assert_has(mail,
		   "\nSubject: [REGRESSION] x86/mm: use *native* | get: unmap 1.91x slower\n");
	assert_has(mail, "\nDate: Tue, 14 Nov 2023 22:16:32 +0000\n");
	assert_has(mail, "\n#regzbot introduced: " CULPRIT "\n");
	assert_has(mail, "\nFixes: 111111111111 (\"x86/mm: use *native* | get\")\n");

	json_object_set_new(culprit, "subject", json_string("x\nBcc: all@example.org"));
	json_object_set_new(culprit, "email", json_string("a@b>\nBcc: all@example.org"));
	json_object_set_new(culprit, "message", json_string("s\n\nFrom me\n>From you"));
	hostile = xb_report_mbox(job, "Tester <t@example.org>");
	assert_lacks(hostile, "\nBcc:");
	assert_lacks(hostile, "\nTo:");
	g_assert_null(strstr(hostile + 1, "\nFrom "));
}

static void a_mail_goes_to_those_who_signed_and_maintain(void)
{
	g_autoptr(json_t) job = object(culprit_job);
	json_t *culprit = json_object_get(job, "culprit");
	g_autofree char *mail = NULL;

	json_object_set_new(
		culprit, "message",
		json_string("s\n\nBody.\n\nSigned-off-by: Jos\xc3\xa9 <jose@example.org>\n"
			    "Reviewed-by: \"R., Eve\" <eve@example.org>\n"
			    "cc: stable@vger.example.org # v6.1\n"
			    "Reported-by: nobody\n"
			    "Not-a-person: x@example.org\n"
			    "Link: https://lore.kernel.org/r/2023.1-2-jose@example.org/\n"
			    "Link: https://lore.kernel.org/all/later@example.org\n"));
	json_object_set_new(
		culprit, "maintainers",
		json_pack("[s,s,s,i]",
			  "Max Tainer <max@example.org> (maintainer:X86 (32-BIT AND 64-BIT))",
			  "linux-mm@list.example.org (open list:MM)",
			  "Eve <EVE@example.org> (reviewer:MM)", 7));
	mail = xb_report_mbox(job, "t@example.org");
	assert_has(mail, "\nFrom: <t@example.org>\nTo: =?UTF-8?B?Sm9zw6kgRXhhbXBsZQ==?= "
			 "<jose@example.org>,\n\tMax Tainer <max@example.org>\n"
			 "Cc: <linux-mm@list.example.org>,\n\tEve <EVE@example.org>,\n\t"
			 "<stable@vger.example.org>,\n\t<regressions@lists.linux.dev>\n"
			 "In-Reply-To: <2023.1-2-jose@example.org>\n"
			 "References: <2023.1-2-jose@example.org>\nSubject: ");
}

static void a_mail_goes_to_a_hundred_at_most(void)
{
	g_autoptr(json_t) job = object(culprit_job);
	g_autoptr(GString) message = g_string_new("s\n\n");
	g_autofree char *mail = NULL;
	g_auto(GStrv) parts = NULL;

	for (int i = 0; i < 5000; i++)
		g_string_append_printf(message, "Cc: a%d@example.org\n", i);
	json_object_set_new(json_object_get(job, "culprit"), "message", json_string(message->str));
	mail = xb_report_mbox(job, "t@example.org");
	parts = g_strsplit(mail, "\nSubject: ", 2);
	assert_has(parts[0], "<a98@example.org>");
	g_assert_null(strstr(parts[0], "<a99@example.org>"));
}

static void a_range_lists_its_candidates(void)
{
	g_autoptr(json_t) job =
		object("{'id':8,'kind':'bisect','state':'done','verdict':{'kind':'range',"
		       "'confidence':0.99,'commits':[{'id':'" CULPRIT
		       "','subject':'one','probability':0.6},"
		       "{'id':'" PARENT "','subject':'two','probability':0.4},"
		       "{'id':'3','subject':'three','probability':0}]}}");
	g_autofree char *text = xb_report_text(job);

	assert_has(text, "range of 3 commits, most probably 111111111111 (\"one\")");
	assert_has(text, "  222222222222       40.0 %  two\n");
	assert_has(text, "  three\n");
	assert_lacks(text, "more commit");
}

/* Each of 3,000 has a probability of 0.03 %. */
static void an_even_range_lists_its_first_candidates(void)
{
	g_autoptr(json_t) job = object("{'id':8,'kind':'bisect','state':'done','verdict':{"
				       "'kind':'range','confidence':0.99,'range_size':3000}}");
	json_t *commits = json_array();
	g_autofree char *text = NULL, *summary = NULL;

	for (int i = 0; i < 1000; i++)
		json_array_append_new(commits, json_pack("{s:s,s:o,s:f}", "id", "c", "subject",
							 json_sprintf("number %d", i),
							 "probability", 1.0 / 3000));
	json_object_set_new(json_object_get(job, "verdict"), "commits", commits);
	text = xb_report_text(job);
	summary = xb_report_summary(job);
	for (unsigned i = 0; i < 2; i++) {
		const char *document = i == 0 ? text : summary;

		assert_has(document, "Candidates:\n");
		assert_has(document, "  number 0\n");
		assert_has(document, "  number 19\n");
		assert_lacks(document, "  number 20\n");
		assert_has(document, "and 2980 more commits\n");
	}
}

static void an_improvement_is_not_bad(void)
{
	static const struct {
		const char *member;
		bool better;
	} cases[] = {
		{ "'effect':{'ratio':1.5}", false },
		{ "'effect':{'ratio':0.5}", true },
		{ "'lower_is_better':false,'effect':{'ratio':0.5}", false },
		{ "'lower_is_better':false,'effect':{'ratio':1.5}", true },
		{ "'effect':{'ratio':null}", false },
		{ "'effect':null", false },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *more = g_strdup_printf("{%s}", cases[i].member);
		g_autoptr(json_t) job = object(culprit_job), members = object(more);
		char *documents[3];

		json_object_update(job, members);
		documents[0] = xb_report_text(job);
		documents[1] = xb_report_summary(job);
		documents[2] = xb_report_mbox(job, "t@example.org");
		for (unsigned k = 0; k < G_N_ELEMENTS(documents); k++) {
			g_autofree char *document = documents[k];

			assert_has(document, cases[i].better ? "First better commit:\n"
							     : "First bad commit:\n");
			assert_lacks(document, cases[i].better ? "First bad" : "First better");
		}
	}
}

static void steps_of_a_job_that_was_cancelled_are_those_so_far(void)
{
	static const char *const states[] = { "running", "cancelled", "failed", "done" };

	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autoptr(json_t) job = object(culprit_job);

		json_object_set_new(job, "state", json_string(states[i]));
		json_object_set_new(job, "all", json_true());
		json_object_set_new(job, "steps",
				    object("[{'id':'" CULPRIT "','subject':'a','probability':0.999,"
					   "'effect':{'ratio':1.9},'regression':true}]"));
		g_autofree char *text = xb_report_text(job);
		assert_has(text, i < 3 ? "Steps found so far" : "Steps of the range");
		assert_lacks(text, i < 3 ? "Steps of the range" : "Steps found so far");
	}
}

static void what_is_known_of_a_job_is_in_its_command(void)
{
	static const struct {
		const char *job, *command; /* NULL: none but retry */
	} cases[] = {
		{ "{'kind':'bisect','good':'a','bad':'b','confidence_asked':0.99,'min_effect':0.01,"
		  "'all':false,'first_parent':false,'host':''}",
		  "xbisect bisect a..b" },
		{ "{'kind':'bisect','good':'a','bad':'b','confidence_asked':0.9995,'min_effect':"
		  "0.07,'all':true,'first_parent':true,'host':'label:cpu=epyc,rack=2'}",
		  "xbisect bisect --host label:cpu=epyc,rack=2 --confidence 99.95% --min-effect 7% "
		  "--all --first-parent a..b" },
		{ "{'kind':'bisect','good':'v6.1~2','bad':'HEAD^{tree};x','repo':"
		  "'/it\\u0027s/[here]'}",
		  "xbisect bisect --repo '/it'\\''s/[here]' 'v6.1~2..HEAD^{tree};x'" },
		{ "{'kind':'bisect','good':'/images/1','bad':'/images/2','repo':''}", NULL },
		{ "{'kind':'ab','good':'a','bad':'/boot/my kernel','resolve':0.005}",
		  "xbisect ab --resolve 0.5% a 'image:/boot/my kernel'" },
		{ "{'kind':'measure','good':'a','resolve':0.005}", "xbisect measure a" },
		{ "{'kind':'ab','names':['base','v1','fast'],'good':'a','bad':'b /c'}",
		  "xbisect compare --name 2:fast a b image:/c" },
		{ "{'kind':'ab','names':['base','v1','v2'],'good':'a','bad':'b :/fix it'}", NULL },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) job = object(cases[i].job);
		g_autofree char *lines = g_strdup_printf(
			"How to reproduce:\n%s%s%s    xbisect retry 5\n",
			cases[i].command ? "    " : "", cases[i].command ? cases[i].command : "",
			cases[i].command ? "\n" : "");
		g_autofree char *text = NULL;

		json_object_set_new(job, "id", json_integer(5));
		text = xb_report_text(job);
		assert_has(text, lines);
		(cases[i].command ? assert_has : assert_lacks)(text, "The first command");
	}
}

/* What is counted is what the range is, not what is listed of it. */
static void a_large_range_is_counted_as_a_whole(void)
{
	g_autoptr(json_t) job = object("{'id':8,'kind':'bisect','state':'done','verdict':{"
				       "'kind':'range','confidence':0.99,'range_size':1200}}");
	json_t *commits = json_array();
	g_autofree char *text = NULL, *summary = NULL;

	for (int i = 0; i < 1000; i++)
		json_array_append_new(commits, json_pack("{s:s,s:s,s:f}", "id", "c", "subject", "s",
							 "probability", 1.0 / 1200));
	json_object_set_new(json_object_get(job, "verdict"), "commits", commits);
	text = xb_report_text(job);
	summary = xb_report_summary(job);
	assert_has(text, "range of 1200 commits, most probably c (\"s\"), confidence 99.0 %");
	assert_has(text, "and 1180 more commits\n");
	assert_has(summary, "range of 1200 commits");
	assert_has(summary, "and 1180 more commits\n");
}

/* In the report, and in what --wait prints. */
static void cautions_are_told_with_the_verdict(void)
{
	static const struct {
		const char *member, *told; /* NULL: nothing */
	} cases[] = {
		{ "'other_steps':0.87", "  mind           the range holds another step with "
					"probability 87.0 %; bisect --all finds each\n" },
		{ "'other_steps':0.04", NULL },
		{ "'other_steps':0.87,'all':true", NULL },
		{ "'other_steps':0.87,'verdict':{'kind':'range'}",
		  "  mind           if the likeliest is the culprit, the range holds another step "
		  "with "
		  "probability 87.0 %; bisect --all finds each\n" },
		{ "'verdict':{'kind':'culprit','drift':0.018}",
		  "  mind           the host drifted by +1.8% over the job's boots\n" },
		{ "'verdict':{'kind':'none','drift':-0.25}",
		  "  mind           the host drifted by -25.0% over the job's boots\n" },
		{ "'verdict':{'kind':'culprit','drift':0.0}", NULL },
		{ "'warnings':['the noise is high']", "  warning        the noise is high\n" },
		{ "'note':'away for an hour'", "  note           away for an hour\n" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *more = g_strdup_printf("{%s}", cases[i].member);
		g_autoptr(json_t) job = object(culprit_job), members = object(more);
		g_autofree char *report = NULL, *summary = NULL;

		json_object_update(job, members);
		report = xb_report_text(job);
		summary = xb_report_summary(job);
		if (cases[i].told) {
			assert_has(report, cases[i].told);
			assert_has(summary, cases[i].told);
		} else {
			assert_lacks(report, "  mind");
			assert_lacks(summary, "  mind");
		}
	}
}

static void sides_have_their_own_spread(void)
{
	g_autoptr(json_t) job = object(
		"{'id':9,'kind':'ab','state':'done','workload':'w','unit':'s','good':'A','bad':'B',"
		"'verdict':{'kind':'same','confidence':0.99},'effect':{'metric':'m','base':1,'test'"
		":1,"
		"'ratio':1,'unit':'s'},'sides':{'base':{'level':1,'sd':0.02,'boots':4,'label':'A'},"
		"'test':{'level':1,'sd':0.01,'boots':4,'label':'B'}}}");
	g_autofree char *text = xb_report_text(job);

	assert_has(text, "1.0000 +- 0.0100 seconds ( +- 1.00% )   4 boots   A");
	assert_has(text, "1.00000 +- 0.00500 seconds ( +- 0.50% )   4 boots   B");
	assert_has(text, "xbisect ab --workload w A B");
}

static const char compare_job[] =
	"{'id':9,'kind':'ab','state':'done','workload':'w','metric':'unmap','unit':'s',"
	"'lower_is_better':true,'good':'A','bad':'B C D','names':['base','xchg','twin','broken'],"
	"'confidence_asked':0.99,'verdict':{'kind':'different','confidence':0.99},"
	"'reason':'of 2 variants 1 differ','effect':{'metric':'unmap','unit':'s','base':1,"
	"'test':2,'ratio':2,'ci_low':1.9,'ci_high':2.1,'variant':'xchg'},"
	"'sides':{'base':{'level':1,'sd':0.02,'boots':4,'label':'base'},"
	"'test':{'level':2,'sd':0.01,'boots':4,'label':'xchg'}},'comparisons':["
	"{'node':1,'name':'xchg','subject':'exchange','kind':'different','test':2,'test_sd':0.01,"
	"'test_boots':4,'ratio':2,'ci_low':1.9,'ci_high':2.1,'confidence':0.9967,'metrics':["
	"{'metric':'unmap','unit':'s','lower_is_better':true,'kind':'different','base':1,"
	"'ratio':2,'ci_low':1.9,'ci_high':2.1},"
	"{'metric':'map','unit':'s','lower_is_better':true,'kind':'same','base':3,'ratio':1.001,"
	"'ci_low':0.99,'ci_high':1.01}]},"
	"{'node':2,'name':'twin','subject':'t','kind':'same','same_image_as':'base','ratio':1,"
	"'ci_low':1,'ci_high':1},"
	"{'node':3,'name':'broken','subject':'b\\u001b[1m','kind':'failed',"
	"'reason':'broken (C) does not build: x'}]}";

static void several_variants_are_one_table(void)
{
	g_autoptr(json_t) job = object(compare_job);
	g_autofree char *text = xb_report_text(job), *markdown = xb_report_markdown(job);

	assert_has(text, "xchg: unmap 2.00x slower (+100.0%");
	assert_has(text, "Variants by unmap in w");
	assert_has(text, "2.0000 +- 0.0100 seconds");
	assert_has(text, "different: worse");
	assert_has(text, "the same image as base");
	assert_has(text, "failed: broken (C) does not build: x");
	assert_has(text, "hold together with 99%");
	assert_has(text, "xbisect compare --workload w --metric unmap --name 1:xchg --name 2:twin "
			 "--name 3:broken A B C D");
	assert_has(text, "+100.0% worse");
	assert_has(text, "+0.10% same");
	g_assert_null(strchr(text, '\033'));
	assert_has(markdown, "| xchg ");
}

/* Every member may be missing or of another type: no crash, no NULL text. */
static void odd_jobs_do_no_harm(void)
{
	static const char *const jobs[] = {
		"{}",
		"{'id':'x','state':7,'verdict':[],'effect':3,'measurements':{},'culprit':[]}",
		"{'state':'done','verdict':{'kind':'culprit','commits':[3,null,{}]},"
		"'measurements':[1,null,{},{'outcome':'ok','samples':[null,'x']}],"
		"'confirmation':[null],'progress':{'running':[1,{}],'last':[1,null]}}",
		"{'effect':{'ratio':-1,'base':0,'test':0}}",
		("{'names':3,'comparisons':[null,1,{},{'metrics':[1,{},{}]}],"
		 "'effect':{'variant':[]}}"),
		"{'names':[],'comparisons':{'metrics':[]},'sides':{'base':7}}",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(jobs); i++) {
		g_autoptr(json_t) job = object(jobs[i]);
		g_autofree char *text = xb_report_text(job);
		g_autofree char *markdown = xb_report_markdown(job);
		g_autofree char *mbox = xb_report_mbox(job, "a <a@b>");
		g_autofree char *summary = xb_report_summary(job);
		g_autoptr(GPtrArray) lines = xb_progress_view(job, 0, 0, 80, 24);
		g_autoptr(GPtrArray) changes = xb_progress_changes(NULL, job);

		g_assert_nonnull(text);
		g_assert_nonnull(markdown);
		g_assert_nonnull(mbox);
		g_assert_nonnull(summary);
		g_assert_cmpuint(lines->len, >, 0);
		g_assert_nonnull(changes);
	}
}

/* ---- progress -------------------------------------------------------------------- */

static const char running_job[] =
	"{'id':7,'state':'running','title':'good..bad','started':1000,'metric':'unmap','unit':'s',"
	"'commits_in_range':166,'can_matter':39,'counts':{'builds':2,'builds_reused':1,'boots':3,"
	"'skipped':0},'measurements':[],'progress':{'phase':'search','running':["
	"{'kind':'build','commit':'" CULPRIT
	"','subject':'a \\u001b[31mlong subject that goes on and "
	"on and on until it fits in no terminal','where':'slot 0','seconds':40,'expected_s':60,"
	"'detail':'CC mm/mmap.o'}],'steps_done':6,'steps_left':2,'seconds_left':90,"
	"'leading':{'commit':'" CULPRIT "','subject':'x','probability':0.832},"
	"'last':['one','two','three','four']}}";

static void the_view_fits_any_terminal(void)
{
	g_autoptr(json_t) job = object(running_job);

	for (int columns = 1; columns < 200; columns++) {
		for (int rows = 1; rows < 30; rows += 7) {
			g_autoptr(GPtrArray) lines = xb_progress_view(job, 2, 1192, columns, rows);

			g_assert_cmpuint(lines->len, <=, (guint)MAX(rows - 1, 1));
			for (guint i = 0; i < lines->len; i++) {
				const XbLine *line = g_ptr_array_index(lines, i);

				g_assert_cmpint(xb_format_width(line->text), <=,
						MAX(columns - 1, 1));
				g_assert_null(strchr(line->text, '\033'));
			}
		}
	}
}

static void the_view_tells_what_runs(void)
{
	g_autoptr(json_t) job = object(running_job);
	g_autoptr(GPtrArray) lines = xb_progress_view(job, 2, 1192, 120, 24);
	g_autoptr(GString) all = g_string_new(NULL);

	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(all, "%s\n", ((XbLine *)g_ptr_array_index(lines, i))->text);
	assert_has(all->str, "#7 good..bad  search  3m12s\n");
	assert_has(all->str, "166 commits (39 can matter) | 2 builds + 1 reused | 3 boots\n");
	assert_has(all->str, "42s of ~1m00s");
	assert_has(all->str, "leading 111111111111 (83.2 %) x\n");
	assert_has(all->str,
		   "[##################......] 6 steps done, about 2 left, about 1m28s\n");
	assert_lacks(all->str, ". one\n");
	assert_has(all->str, ". four\n");
}

static void one_is_not_many(void)
{
	g_autoptr(json_t) job = object("{\"id\":1,\"state\":\"running\",\"commits_in_range\":1,"
				       "\"counts\":{\"builds\":1,\"boots\":1}}");
	g_autoptr(GPtrArray) lines = xb_progress_view(job, 0, 0, 80, 24);

	assert_has(((XbLine *)g_ptr_array_index(lines, 1))->text, "1 commit | 1 build | 1 boot");
	g_assert_null(strstr(((XbLine *)g_ptr_array_index(lines, 1))->text, "boots"));
}

static void a_change_is_one_line(void)
{
	g_autoptr(json_t) before = object(running_job);
	g_autoptr(json_t) same = object(running_job);
	g_autoptr(json_t) after = object(running_job);
	g_autoptr(GPtrArray) none = xb_progress_changes(before, same);
	g_autoptr(GPtrArray) lines = NULL;

	g_assert_cmpuint(none->len, ==, 0);
	json_object_set_new(json_object_get(after, "progress"), "last",
			    json_pack("[s, s, s, s]", "three", "four", "five", "six\033"));
	json_object_set_new(json_object_get(after, "progress"), "phase", json_string("confirming"));
	lines = xb_progress_changes(before, after);
	g_assert_cmpuint(lines->len, ==, 3);
	g_assert_cmpstr(g_ptr_array_index(lines, 0), ==, "phase: confirming");
	g_assert_cmpstr(g_ptr_array_index(lines, 1), ==, "five");
	g_assert_cmpstr(g_ptr_array_index(lines, 2), ==, "six\\x1B");
}

static void a_frame_covers_the_wrapped_one(void)
{
	g_autoptr(GPtrArray) lines = xb_lines_new();
	g_autoptr(GArray) before = g_array_new(FALSE, FALSE, sizeof(int));
	static const int widths[] = { 79, 0, 41 };
	g_autofree char *plain = NULL, *color = NULL;

	g_array_append_vals(before, widths, G_N_ELEMENTS(widths));
	xb_lines_add(lines, "1", g_strdup("x"));
	plain = xb_term_frame(lines, before, 40, false);
	color = xb_term_frame(lines, NULL, 40, true);
	/* 2 + 1 + 2 rows at 40 columns */
	g_assert_cmpstr(plain, ==, "\r\033[?25l\033[5Ax\033[K\n\033[J\033[?25h");
	g_assert_cmpstr(color, ==, "\r\033[?25l\033[1mx\033[0m\033[K\n\033[J\033[?25h");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/report/a-profile-is-told-by-phase-and-function",
			a_profile_is_told_by_phase_and_function);
	g_test_add_func("/job/exit-statuses", exit_statuses);
	g_test_add_func("/job/effects-have-words", effects_have_words);
	g_test_add_func("/job/a-none-says-when-it-is-less-sure-than-asked",
			a_none_says_when_it_is_less_sure_than_asked);
	g_test_add_func("/job/levels-are-of-boots", levels_are_of_boots);
	g_test_add_func("/report/text-says-what-a-developer-needs",
			text_says_what_a_developer_needs);
	g_test_add_func("/report/markdown-escapes-markup", markdown_escapes_markup);
	g_test_add_func("/report/a-fence-is-longer-than-what-it-holds",
			a_fence_is_longer_than_what_it_holds);
	g_test_add_func("/report/mbox-headers-cannot-be-injected", mbox_headers_cannot_be_injected);
	g_test_add_func("/report/a-mail-goes-to-those-who-signed-and-maintain",
			a_mail_goes_to_those_who_signed_and_maintain);
	g_test_add_func("/report/mail-to-a-hundred-at-most", a_mail_goes_to_a_hundred_at_most);
	g_test_add_func("/report/a-range-lists-its-candidates", a_range_lists_its_candidates);
	g_test_add_func("/report/a-large-range-is-counted-as-a-whole",
			a_large_range_is_counted_as_a_whole);
	g_test_add_func("/report/an-even-range-lists-its-first-candidates",
			an_even_range_lists_its_first_candidates);
	g_test_add_func("/report/an-improvement-is-not-bad", an_improvement_is_not_bad);
	g_test_add_func("/report/steps-of-a-job-that-was-cancelled-are-those-so-far",
			steps_of_a_job_that_was_cancelled_are_those_so_far);
	g_test_add_func("/report/what-is-known-of-a-job-is-in-its-command",
			what_is_known_of_a_job_is_in_its_command);
	g_test_add_func("/report/several-variants-are-one-table", several_variants_are_one_table);
	g_test_add_func("/report/cautions-are-told-with-the-verdict",
			cautions_are_told_with_the_verdict);
	g_test_add_func("/report/sides-have-their-own-spread", sides_have_their_own_spread);
	g_test_add_func("/report/odd-jobs-do-no-harm", odd_jobs_do_no_harm);
	g_test_add_func("/progress/the-view-fits-any-terminal", the_view_fits_any_terminal);
	g_test_add_func("/progress/the-view-tells-what-runs", the_view_tells_what_runs);
	g_test_add_func("/progress/one-is-not-many", one_is_not_many);
	g_test_add_func("/progress/a-change-is-one-line", a_change_is_one_line);
	g_test_add_func("/term/a-frame-covers-the-wrapped-one", a_frame_covers_the_wrapped_one);
	return g_test_run();
}
