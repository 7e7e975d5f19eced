/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stack.h - who called whom, told from nothing but the order in which blocks
 * of instructions are executed: the plugin interface of QEMU 7.2 shows no
 * registers and no interrupts.
 *
 * A block is a run of instructions that only its last one leaves. What the
 * last one of the previous block does and where the next one starts says what
 * happened between them: a call, a return (found by its address, so that
 * stacks that are switched and returns that are jumps do not confuse it for
 * long), a jump into another function, or, when the next block follows from
 * none of these, an exception or interrupt. A return from those goes to the
 * block that was interrupted, wherever in the stack it is; where it goes
 * elsewhere, Xen has given the event to the guest's own handler, which is put
 * on top of what it interrupts. So stacks lead from dom0's user code through
 * its kernel into Xen.
 *
 * Instructions are counted in the node of the tree of calls where they were
 * executed. The part of a block that an exception kept from being executed is
 * taken off again when the place of return shows how long it was.
 *
 * Tree and stacks are bounded: calls deeper than STACK_MAX start again at the
 * root, what finds no room in the tree is counted in one node, TREE_FULL.
 */
#ifndef XB_PLUGIN_STACK_H
#define XB_PLUGIN_STACK_H

#include "decode.h"

#define STACK_PHASES 16
#define STACK_MAX    192

typedef struct {
	uint64_t start, end;
	uint64_t last;     /* address of the last instruction */
	uint64_t function; /* start of its function; 0: not known; of user code always 1 */
	uint64_t target;   /* where a direct jump or call goes, else 0 */
	uint32_t n;        /* instructions */
	uint8_t flow;      /* Flow */
	uint8_t region;    /* Region */
	bool entry;        /* starts at the start of its function */
	uint8_t *sizes;    /* of the instructions, n of them */
} Block;

typedef struct {
	uint32_t parent;
	uint64_t address; /* of the function, or of the block that was entered; 1: user code */
	uint64_t self[STACK_PHASES]; /* instructions, by phase */
} Node;

enum { TREE_ROOT, TREE_FULL };

typedef struct {
	Node *nodes;
	uint32_t n, max;
	uint32_t *slots; /* open addressing, by parent and address */
	uint32_t n_slots;
} Tree;

/* False without memory. @max nodes. */
bool tree_init(Tree *self, uint32_t max);
void tree_clear(Tree *self);

typedef struct {
	uint32_t node;
	bool interrupt;            /* entered by an exception, interrupt or system call */
	bool anywhere;             /* where it returns to is not known */
	uint8_t region;            /* of the handler */
	uint64_t low, high, other; /* where it returns to: from low to high, or other */
	const Block *interrupted;  /* which was counted whole; NULL: nothing to take off */
} Frame;

/* One processor. All zero but @tree at first. */
typedef struct {
	Tree *tree;
	const Block *previous;
	uint64_t executed; /* instructions, up to the end of @previous */
	uint64_t settled;  /* of which so many are in the tree */
	unsigned int phase;
	uint32_t depth; /* frames */
	Frame frames[STACK_MAX];
} Stack;

/* A block that is not plainly the next of its function begins. */
void stack_turn(Stack *self, const Block *previous, const Block *next);

/* Put what was executed so far, less @ahead instructions, in the tree. */
void stack_settle(Stack *self, uint64_t ahead);

/* Every block that begins: the few instructions that most of them need. */
static inline void stack_block(Stack *self, const Block *next)
{
	const Block *previous = self->previous;

	self->previous = next;
	if (!previous || next->function != previous->function || previous->flow != FLOW_PLAIN ||
	    next->entry)
		stack_turn(self, previous, next);
	self->executed += next->n;
}

#endif
