/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stack.c - see stack.h. */
#include "stack.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tree of calls ------------------------------------------------------ */

bool tree_init(Tree *self, uint32_t max)
{
	uint32_t slots = 16;

	while (slots < 2 * max)
		slots *= 2;
	self->nodes = calloc(max, sizeof(*self->nodes));
	self->slots = calloc(slots, sizeof(*self->slots));
	self->n_slots = slots;
	self->max = max;
	self->n = 2; /* TREE_ROOT and TREE_FULL */
	return self->nodes && self->slots;
}

void tree_clear(Tree *self)
{
	free(self->nodes);
	free(self->slots);
	memset(self, 0, sizeof(*self));
}

static uint32_t tree_child(Tree *self, uint32_t parent, uint64_t address)
{
	uint64_t hash = (address ^ ((uint64_t)parent << 32 | parent)) * 0x9e3779b97f4a7c15u;
	uint32_t at = (uint32_t)(hash >> 32);

	if (parent == TREE_FULL)
		return TREE_FULL;
	for (;; at++) {
		uint32_t *slot = &self->slots[at & (self->n_slots - 1)];

		if (*slot == 0) {
			if (self->n == self->max)
				return TREE_FULL;
			self->nodes[self->n].parent = parent;
			self->nodes[self->n].address = address;
			return *slot = self->n++;
		}
		if (self->nodes[*slot].parent == parent && self->nodes[*slot].address == address)
			return *slot;
	}
}

/* ---- the stack -------------------------------------------------------------- */

static uint32_t node_at(const Stack *self, uint32_t depth)
{
	return depth ? self->frames[depth - 1].node : TREE_ROOT;
}

static uint64_t label(const Block *block)
{
	return block->function ? block->function : block->start;
}

void stack_settle(Stack *self, uint64_t ahead)
{
	uint64_t until = self->executed - ahead;

	if (until > self->settled && self->phase)
		self->tree->nodes[node_at(self, self->depth)].self[self->phase] +=
			until - self->settled;
	self->settled = until;
}

static Frame *push(Stack *self, uint64_t address)
{
	Frame *frame;

	if (self->depth == STACK_MAX)
		self->depth = 0;
	frame = &self->frames[self->depth];
	memset(frame, 0, sizeof(*frame));
	frame->node = tree_child(self->tree, node_at(self, self->depth), address);
	self->depth++;
	return frame;
}

/* The top frame goes on in another function. */
static void replace(Stack *self, uint64_t address)
{
	if (self->depth == 0)
		push(self, address);
	else
		self->frames[self->depth - 1].node =
			tree_child(self->tree, node_at(self, self->depth - 1), address);
}

/* The top frame is known to go on with @next. Without symbols its name stays. */
static void go_on(Stack *self, const Block *next)
{
	if (self->depth == 0 ||
	    (next->function &&
	     self->tree->nodes[node_at(self, self->depth)].address != next->function))
		replace(self, label(next));
}

static void start_again(Stack *self, const Block *next)
{
	self->depth = 0;
	push(self, label(next));
}

/* A frame that a call made, at or below the top, that returns to @address. */
static uint32_t find_return(const Stack *self, uint64_t address)
{
	for (uint32_t i = self->depth; i-- > 0;) {
		const Frame *frame = &self->frames[i];

		if (frame->interrupt)
			return 0; /* a return does not leave the handler of an interrupt */
		if (frame->low == address)
			return i + 1;
	}
	return 0;
}

/* An exception, interrupt or system call takes place behind @previous. */
static void interrupt(Stack *self, const Block *previous, const Block *next)
{
	Frame *frame = push(self, label(next));

	frame->interrupt = true;
	frame->region = next->region;
	switch (previous->flow) {
	case FLOW_PLAIN:
		frame->low = previous->start;
		frame->high = previous->end;
		frame->other = previous->target;
		frame->interrupted = previous;
		break;
	case FLOW_SYSCALL:
		/* to the instruction itself when Xen goes on with a long hypercall later */
		frame->low = previous->last;
		frame->high = previous->end;
		break;
	default:
		frame->anywhere = true;
	}
}

static bool returns_to(const Stack *self, uint32_t at, const Block *next)
{
	const Frame *frame = &self->frames[at];

	/* into the middle of what was interrupted: handlers begin at their start */
	if (frame->anywhere || (next->function && !next->entry && next->region != REGION_USER))
		if (self->tree->nodes[node_at(self, at)].address == label(next))
			return true;
	if (frame->anywhere)
		return false;
	return (next->start >= frame->low && next->start <= frame->high) ||
	       (frame->other && next->start == frame->other);
}

/* The instructions of the interrupted block that come again, or never came. */
static void take_off(Stack *self, const Block *block, uint64_t resumed)
{
	uint64_t at = block->start, off = 0;
	uint64_t *count = &self->tree->nodes[node_at(self, self->depth)].self[self->phase];

	/* at its start: an interrupt between two rounds of a loop; at its last
	 * instruction: a repeated one that is not done */
	if (resumed <= block->start || resumed >= block->end)
		return;
	for (uint32_t i = 0; i < block->n; at += block->sizes[i++])
		if (at >= resumed)
			off++;
	*count -= off < *count ? off : *count;
}

static void resume(Stack *self, uint32_t at, const Block *next)
{
	const Block *interrupted = self->frames[at].interrupted;

	self->depth = at;
	if (interrupted && self->phase)
		take_off(self, interrupted, next->start);
	go_on(self, next);
}

/* iret and its kin: to what was interrupted, or to the guest's own handler. */
static void leave(Stack *self, const Block *previous, const Block *next)
{
	uint32_t at = self->depth;
	Frame inner, *frame;

	while (at > 0 &&
	       !(self->frames[at - 1].interrupt && self->frames[at - 1].region == previous->region))
		at--;
	if (at == 0) {
		start_again(self, next);
		return;
	}
	for (uint32_t i = at; i-- > 0;)
		if (self->frames[i].interrupt && returns_to(self, i, next)) {
			resume(self, i, next);
			return;
		}
	if (next->region == REGION_USER) {
		start_again(self, next);
		return;
	}
	inner = self->frames[at - 1];
	self->depth = at - 1;
	frame = push(self, label(next));
	inner.node = frame->node;
	inner.region = next->region;
	*frame = inner;
}

static void call(Stack *self, const Block *previous, const Block *next)
{
	bool taken = !previous->target || previous->target == next->start;

	push(self, taken ? label(next) : previous->target)->low = previous->end;
	if (taken && next->region == previous->region)
		return;
	/* interrupted before the first instruction of what was called */
	interrupt(self, previous, next);
	self->frames[self->depth - 1].anywhere = true;
}

/* Interrupted behind a return, before the first instruction there. */
static void interrupt_returned(Stack *self, const Block *previous, const Block *next)
{
	uint64_t to = 0;

	if (self->depth > 0 && !self->frames[self->depth - 1].interrupt)
		to = self->frames[--self->depth].low;
	interrupt(self, previous, next);
	if (to) {
		Frame *frame = &self->frames[self->depth - 1];

		frame->anywhere = false;
		frame->low = frame->high = to;
	}
}

static void ret(Stack *self, const Block *previous, const Block *next)
{
	uint32_t found = find_return(self, next->start);

	if (found) {
		self->depth = found - 1;
		go_on(self, next);
	} else if (next->region != previous->region) {
		interrupt_returned(self, previous, next);
	} else {
		replace(self, label(next)); /* a jump by return, or another stack */
	}
}

void stack_turn(Stack *self, const Block *previous, const Block *next)
{
	stack_settle(self, 0);
	if (!previous) {
		start_again(self, next);
		return;
	}
	if (previous->region == REGION_USER && next->region == REGION_USER)
		return;
	switch (previous->flow) {
	case FLOW_CALL:
		call(self, previous, next);
		break;
	case FLOW_RET:
		ret(self, previous, next);
		break;
	case FLOW_IRET:
		leave(self, previous, next);
		break;
	case FLOW_SYSCALL:
		interrupt(self, previous, next);
		break;
	case FLOW_INDIRECT:
		if (next->region != previous->region)
			interrupt(self, previous, next);
		else if (next->function != previous->function)
			replace(self, label(next));
		break;
	default:
		/* the last instruction again: a repeated one */
		if (next->start != previous->end && next->start != previous->target &&
		    next->start != previous->last)
			interrupt(self, previous, next);
		else if (next->function != previous->function)
			replace(self, label(next));
	}
}
