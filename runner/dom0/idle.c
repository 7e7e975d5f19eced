/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idle.c - see idle.h. */
#include "idle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE    512
#define IDLE_PLACE   3 /* after user, nice, system */
#define TELL_EVERY_S 5

bool idle_parse(IdleTicks *self, const char *stat)
{
	const char *at = stat + 3;
	unsigned place = 0;

	*self = (IdleTicks){ 0, 0 };
	if (strncmp(stat, "cpu", 3) != 0)
		return false;
	while (*at == ' ') {
		char *end;
		unsigned long long ticks = strtoull(at, &end, 10);

		if (end == at)
			break;
		self->total += ticks;
		if (place++ == IDLE_PLACE)
			self->idle = ticks;
		at = end;
	}
	if (place > IDLE_PLACE)
		return true;
	*self = (IdleTicks){ 0, 0 };
	return false;
}

bool idle_between(const IdleTicks *before, const IdleTicks *after)
{
	unsigned long long passed = after->total - before->total;

	return (after->idle - before->idle) * 10 >= passed * 9;
}

static bool read_ticks(IdleTicks *ticks)
{
	FILE *file = fopen("/proc/stat", "re");
	char line[LINE_SIZE];
	bool known = file && fgets(line, sizeof(line), file) && idle_parse(ticks, line);

	if (file)
		fclose(file);
	return known;
}

bool idle_wait(unsigned wanted_s, unsigned at_most_s, void (*tell)(unsigned calm_s))
{
	IdleTicks before, after;
	unsigned calm_s = 0;

	if (!read_ticks(&before)) {
		sleep(wanted_s);
		return true;
	}
	for (unsigned passed_s = 1; calm_s < wanted_s && passed_s <= at_most_s; passed_s++) {
		sleep(1);
		if (!read_ticks(&after))
			return false;
		calm_s = idle_between(&before, &after) ? calm_s + 1 : 0;
		before = after;
		if (passed_s % TELL_EVERY_S == 0)
			tell(calm_s);
	}
	return calm_s >= wanted_s;
}
