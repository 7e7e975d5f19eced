/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-stack.c - the stack of calls from the order of blocks; instructions decoded. */
#include "stack.h"

#include "../../../runner/dom0/mark.h"

#include <glib.h>
#include <string.h>

#define XEN    0xffff82d040200000u
#define KERNEL 0xffffffff81000000u
#define PHASE  3

/* Blocks of four instructions of two bytes each. */
static uint8_t sizes[] = { 2, 2, 2, 2 };

static Block block(uint64_t start, uint64_t function, Flow flow, uint64_t target)
{
	Block self = { .start = start,
		       .end = start + 8,
		       .last = start + 6,
		       .function = function,
		       .target = target,
		       .n = 4,
		       .flow = (uint8_t)flow,
		       .region = (uint8_t)decode_region(start),
		       .entry = start == function,
		       .sizes = sizes };

	return self;
}

typedef struct {
	Tree tree;
	Stack stack;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	memset(f, 0, sizeof(*f));
	g_assert_true(tree_init(&f->tree, 64));
	f->stack.tree = &f->tree;
	f->stack.phase = PHASE;
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	tree_clear(&f->tree);
}

/* "A;B 4\n" with functions as letters: 'a' + what their address adds to the region's start. */
static char *dump(Fixture *f)
{
	GString *text = g_string_new(NULL);

	stack_settle(&f->stack, 0);
	for (uint32_t i = 1; i < f->tree.n; i++) {
		g_autoptr(GString) path = g_string_new(NULL);

		if (!f->tree.nodes[i].self[PHASE])
			continue;
		for (uint32_t at = i; at > TREE_FULL; at = f->tree.nodes[at].parent) {
			uint64_t address = f->tree.nodes[at].address;
			char name = address == 1        ? 'u'
				    : address >= KERNEL ? (char)('a' + (address - KERNEL) / 0x100)
							: (char)('A' + (address - XEN) / 0x100);
			g_string_prepend_c(path, name);
		}
		g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len ? ", " : "",
				       path->str, (guint64)f->tree.nodes[i].self[PHASE]);
	}
	return g_string_free(text, FALSE);
}

static char *play_and_dump(Fixture *f, const Block *blocks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		stack_block(&f->stack, &blocks[i]);
	return dump(f);
}

/* What the tree holds after these blocks. Blocks are read until then only. */
#define PLAY(f, ...)                                     \
	play_and_dump(f, (const Block[]){ __VA_ARGS__ }, \
		      sizeof((const Block[]){ __VA_ARGS__ }) / sizeof(Block))

#define K(n) (KERNEL + (n)*0x100)
#define X(n) (XEN + (n)*0x100)

static void calls_and_returns(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	/* a calls b, which calls c and goes on; c returns, b returns */
	dumped = PLAY(f, block(K(0), K(0), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_CALL, K(2)),
		      block(K(2), K(2), FLOW_PLAIN, 0), block(K(2) + 8, K(2), FLOW_RET, 0),
		      block(K(1) + 8, K(1), FLOW_RET, 0), block(K(0) + 8, K(0), FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "a 8, ab 8, abc 8");
}

static void a_tail_call_takes_the_place_of_its_caller(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	dumped = PLAY(f, block(K(0), K(0), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_PLAIN, K(2)),
		      block(K(2), K(2), FLOW_RET, 0), block(K(0) + 8, K(0), FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "a 8, ab 4, ac 4");
}

static void a_loop_and_recursion_differ(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	/* b jumps to its own start, then calls itself */
	dumped = PLAY(f, block(K(0), K(0), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_PLAIN, K(1)),
		      block(K(1), K(1), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_RET, 0),
		      block(K(1) + 8, K(1), FLOW_RET, 0), block(K(0) + 8, K(0), FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "a 8, ab 12, abb 4");
}

/* The second instruction faults in Xen, which emulates it: the two behind it come once. */
static void what_a_fault_cut_off_is_counted_once(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;
	Block rest = block(K(0) + 4, K(0), FLOW_PLAIN, 0);

	(void)data;
	rest.n = 2;
	rest.end = K(0) + 8;
	dumped = PLAY(f, block(K(0), K(0), FLOW_PLAIN, 0), block(X(0), X(0), FLOW_CALL, X(1)),
		      block(X(1), X(1), FLOW_RET, 0), block(X(0) + 8, X(0), FLOW_IRET, 0), rest);
	g_assert_cmpstr(dumped, ==, "a 4, aA 8, aAB 4");
}

/* dom0's program calls its kernel through Xen, the kernel Xen, and all return. */
static void a_system_call_goes_through_all_three(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	dumped = PLAY(f, block(0x401000, 1, FLOW_SYSCALL, 0), block(X(0), X(0), FLOW_IRET, 0),
		      block(K(0), K(0), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_SYSCALL, 0),
		      block(X(0), X(0), FLOW_IRET, 0), block(K(1) + 8, K(1), FLOW_RET, 0),
		      block(K(0) + 8, K(0), FLOW_SYSCALL, 0), block(X(0), X(0), FLOW_IRET, 0),
		      block(0x401008, 1, FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "u 8, uA 4, ua 8, uab 8, uabA 4, uaA 4");
}

/* Xen gives a fault in the kernel to the kernel's own handler, which returns by a hypercall. */
static void the_guests_handler_lies_on_what_it_interrupts(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	dumped = PLAY(f, block(K(0), K(0), FLOW_PLAIN, 0), block(X(0), X(0), FLOW_IRET, 0),
		      block(K(2), K(2), FLOW_SYSCALL, 0), block(X(1), X(1), FLOW_IRET, 0),
		      block(K(0) + 8, K(0), FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "a 8, aA 4, ac 4, acB 4");
}

/* Xen lets a long hypercall begin again, behind an event for the guest. */
static void a_hypercall_that_begins_again_is_the_same(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;
	Block again = block(K(1) + 6, K(1), FLOW_SYSCALL, 0);

	(void)data;
	again.n = 1;
	again.last = K(1) + 6;
	again.end = K(1) + 8;
	dumped = PLAY(f, block(K(0), K(0), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_SYSCALL, 0),
		      block(X(0), X(0), FLOW_IRET, 0), block(K(3), K(3), FLOW_SYSCALL, 0),
		      block(X(0), X(0), FLOW_IRET, 0), again, block(X(0), X(0), FLOW_IRET, 0),
		      block(K(1) + 8, K(1), FLOW_RET, 0), block(K(0) + 8, K(0), FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "a 8, ab 9, abA 8, abd 4, abdA 4");
}

static void an_interrupt_behind_a_return_is_in_the_caller(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	dumped = PLAY(f, block(K(0), K(0), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_RET, 0),
		      block(X(0), X(0), FLOW_IRET, 0), block(K(0) + 8, K(0), FLOW_CALL, K(2)),
		      block(K(2), K(2), FLOW_RET, 0));
	g_assert_cmpstr(dumped, ==, "a 8, ab 4, aA 4, ac 4");
}

static void an_interrupt_inside_xen_returns_there(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	dumped = PLAY(f, block(K(0), K(0), FLOW_SYSCALL, 0), block(X(0), X(0), FLOW_PLAIN, 0),
		      block(X(3), X(3), FLOW_IRET, 0), block(X(0) + 8, X(0), FLOW_IRET, 0),
		      block(K(0) + 8, K(0), FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "a 8, aA 8, aAD 4");
}

static void a_return_to_nowhere_goes_on_there(Fixture *f, gconstpointer data)
{
	g_autofree char *dumped = NULL;

	(void)data;
	dumped = PLAY(f, block(K(0), K(0), FLOW_CALL, K(1)), block(K(1), K(1), FLOW_RET, 0),
		      block(K(5) + 8, K(5), FLOW_RET, 0), block(K(0) + 8, K(0), FLOW_PLAIN, 0));
	g_assert_cmpstr(dumped, ==, "a 8, ab 4, af 4");
}

static void depth_and_tree_are_bounded(Fixture *f, gconstpointer data)
{
	static Block blocks[5000];

	(void)data;
	for (guint i = 0; i < G_N_ELEMENTS(blocks); i++) {
		blocks[i] = block(K(i), K(i), FLOW_CALL, K(i + 1));
		stack_block(&f->stack, &blocks[i]);
		g_assert_cmpuint(f->stack.depth, <=, STACK_MAX);
	}
	stack_settle(&f->stack, 0);
	g_assert_cmpuint(f->tree.n, ==, f->tree.max);
	g_assert_cmpuint(f->tree.nodes[TREE_FULL].self[PHASE], >, 0);
}

static void flows_are_decoded(void)
{
	static const struct {
		const char *bytes;
		size_t length;
		Flow flow;
		int64_t target; /* beyond the address */
	} rows[] = {
		{ "\xe8\x10\x00\x00\x00", 5, FLOW_CALL, 0x15 },
		{ "\xe9\xfb\xff\xff\xff", 5, FLOW_PLAIN, 0 },
		{ "\xeb\xfe", 2, FLOW_PLAIN, 0 },
		{ "\x74\x02", 2, FLOW_PLAIN, 4 },
		{ "\x0f\x85\x00\x01\x00\x00", 6, FLOW_PLAIN, 0x106 },
		{ "\xc3", 1, FLOW_RET, -1 },
		{ "\xf3\xc3", 2, FLOW_RET, -1 },
		{ "\xc2\x08\x00", 3, FLOW_RET, -1 },
		{ "\x48\xcf", 2, FLOW_IRET, -1 },
		{ "\x48\x0f\x07", 3, FLOW_IRET, -1 },
		{ "\x0f\x05", 2, FLOW_SYSCALL, -1 },
		{ "\xff\xd0", 2, FLOW_CALL, -1 },
		{ "\x41\xff\xe3", 3, FLOW_INDIRECT, -1 },
		{ "\x3e\xff\xe0", 3, FLOW_INDIRECT, -1 },
		{ "\xff\xc0", 2, FLOW_PLAIN, -1 }, /* inc */
		{ "\x90", 1, FLOW_PLAIN, -1 },
		{ "\xe8\x10", 2, FLOW_CALL, -1 }, /* cut */
		{ "\x66", 1, FLOW_PLAIN, -1 },
		{ "", 0, FLOW_PLAIN, -1 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint64_t target = 77;

		g_assert_cmpint(decode_flow((const uint8_t *)rows[i].bytes, rows[i].length, 0x1000,
					    &target),
				==, rows[i].flow);
		g_assert_cmphex(target, ==,
				rows[i].target < 0 ? 0 : 0x1000 + (uint64_t)rows[i].target);
	}
}

static void marks_are_decoded(void)
{
	static const uint8_t unmap[] = { 0x0f, 0x1f, 0x84, 0x00, MARK_UNMAP, 0x00, 0x42, 0x58 };
	static const uint8_t padding[] = { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 };
	static const uint8_t beyond[] = { 0x0f, 0x1f, 0x84, 0x00, 0x10, 0x00, 0x42, 0x58 };

	g_assert_cmpint(decode_mark(unmap, sizeof(unmap)), ==, MARK_UNMAP);
	g_assert_cmpint(decode_mark(unmap, sizeof(unmap) - 1), ==, -1);
	g_assert_cmpint(decode_mark(padding, sizeof(padding)), ==, -1);
	g_assert_cmpint(decode_mark(beyond, sizeof(beyond)), ==, -1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add("/stack/" path, Fixture, NULL, set_up, test, tear_down)
	ADD("calls-and-returns", calls_and_returns);
	ADD("a-tail-call-takes-the-place-of-its-caller", a_tail_call_takes_the_place_of_its_caller);
	ADD("a-loop-and-recursion-differ", a_loop_and_recursion_differ);
	ADD("what-a-fault-cut-off-is-counted-once", what_a_fault_cut_off_is_counted_once);
	ADD("a-system-call-goes-through-all-three", a_system_call_goes_through_all_three);
	ADD("the-guests-handler-lies-on-what-it-interrupts",
	    the_guests_handler_lies_on_what_it_interrupts);
	ADD("a-hypercall-that-begins-again-is-the-same", a_hypercall_that_begins_again_is_the_same);
	ADD("an-interrupt-behind-a-return-is-in-the-caller",
	    an_interrupt_behind_a_return_is_in_the_caller);
	ADD("an-interrupt-inside-xen-returns-there", an_interrupt_inside_xen_returns_there);
	ADD("a-return-to-nowhere-goes-on-there", a_return_to_nowhere_goes_on_there);
	ADD("depth-and-tree-are-bounded", depth_and_tree_are_bounded);
	g_test_add_func("/decode/flows", flows_are_decoded);
	g_test_add_func("/decode/marks", marks_are_decoded);
	return g_test_run();
}
