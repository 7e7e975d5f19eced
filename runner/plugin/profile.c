/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile.c - a plugin of QEMU's translator that counts every instruction
 * which Xen and dom0 execute between the marks of dom0/mark.h.
 *
 * Arguments: mode=flat|stacks, out=FILE, functions=FILE (optional: starts of
 * functions, 64-bit little-endian numbers in rising order).
 *
 * flat counts how often each block is executed, by code that the translator
 * puts inline. A block that an exception leaves early is counted whole.
 * stacks keeps the calls, see stack.h; every block calls us.
 *
 * Most of a boot is none of our business: until a program executes the first
 * mark only user code is looked at, for marks, and after MARK_FLUSH nothing.
 * Between, the emulator translates everything anew with our counters in it.
 *
 * Output, when MARK_FLUSH is executed, one item a line (numbers are decimal,
 * addresses hexadecimal):
 *   xbisect-profile 1 MODE
 *   phase NUMBER ENTRIES       how often it was entered
 *   block ADDRESS INSTRUCTIONS PHASE TIMES                             (flat)
 *   node NUMBER PARENT ADDRESS                      (stacks; 0 is the root)
 *   self NODE PHASE INSTRUCTIONS                                     (stacks)
 *   full                       there was more than BLOCKS_MAX, NODES_MAX allow
 *   end
 */
#include "qemu-api.h"
#include "stack.h"

#include "../dom0/mark.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCKS_MAX   (1u << 18)
#define NODES_MAX    (1u << 17)
#define FUNCTION_MAX (1u << 20) /* bytes; what lies farther from a start is not of it */
#define BLOCK_INSNS  512
#define MARKS_MAX    (1u << 16)

int qemu_plugin_version = 1;

typedef struct {
	Block block;
	uint64_t times, taken; /* flat: executions, those that were given to a phase */
	uint64_t phase[STACK_PHASES];
} Entry;

typedef struct {
	const Entry *entry;
	uint32_t ahead; /* instructions of the block from the mark on */
	unsigned int phase;
} MarkAt;

static struct {
	qemu_plugin_id_t id;
	bool stacks, full;
	enum { WAITING, STARTING, COUNTING, OVER } state;
	const char *out;
	const uint64_t *functions;
	size_t n_functions;
	Entry **slots; /* open addressing, by start of the block; twice BLOCKS_MAX */
	uint32_t n_entries;
	unsigned int phase;
	uint64_t entered[STACK_PHASES];
	Tree tree;
	Stack *processors;
	unsigned int n_processors;
	uint32_t n_marks; /* translated; code that rewrites itself has no end of them */
	pthread_mutex_t lock;
} self = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- output ------------------------------------------------------------------ */

static void write_blocks(FILE *out)
{
	for (uint32_t i = 0; i < 2 * BLOCKS_MAX; i++) {
		const Entry *entry = self.slots[i];

		for (unsigned int p = 1; entry && p < STACK_PHASES; p++)
			if (entry->phase[p])
				fprintf(out, "block %llx %u %u %llu\n",
					(unsigned long long)entry->block.start, entry->block.n, p,
					(unsigned long long)entry->phase[p]);
	}
}

static void write_nodes(FILE *out)
{
	for (uint32_t i = 1; i < self.tree.n; i++) {
		const Node *node = &self.tree.nodes[i];

		fprintf(out, "node %u %u %llx\n", i, node->parent,
			(unsigned long long)node->address);
		for (unsigned int p = 1; p < STACK_PHASES; p++)
			if (node->self[p])
				fprintf(out, "self %u %u %llu\n", i, p,
					(unsigned long long)node->self[p]);
	}
}

static void write_profile(void)
{
	FILE *out = fopen(self.out, "w");

	if (!out) {
		fprintf(stderr, "profile: %s can't be written\n", self.out);
		return;
	}
	fprintf(out, "xbisect-profile 1 %s\n", self.stacks ? "stacks" : "flat");
	for (unsigned int p = 1; p < STACK_PHASES; p++)
		if (self.entered[p])
			fprintf(out, "phase %u %llu\n", p, (unsigned long long)self.entered[p]);
	if (self.stacks)
		write_nodes(out);
	else
		write_blocks(out);
	if (self.full || self.tree.n == NODES_MAX)
		fprintf(out, "full\n");
	fprintf(out, "end\n");
	if (fclose(out))
		fprintf(stderr, "profile: %s can't be written\n", self.out);
}

/* ---- marks ------------------------------------------------------------------- */

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);

static void on_reset(qemu_plugin_id_t id)
{
	if (self.state == OVER)
		return;
	self.state = COUNTING;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
}

/* Give what was executed so far to the phase that ends. */
static void settle_blocks(void)
{
	for (uint32_t i = 0; i < 2 * BLOCKS_MAX; i++) {
		Entry *entry = self.slots[i];

		if (!entry || entry->times == entry->taken)
			continue;
		if (self.phase)
			entry->phase[self.phase] += entry->times - entry->taken;
		entry->taken = entry->times;
	}
}

static void settle_stacks(unsigned int processor, const MarkAt *mark)
{
	for (unsigned int i = 0; i < self.n_processors; i++) {
		/* The block of the mark is counted already, up to its end; on other
		 * processors the present block goes to the old phase. */
		bool here = i == processor && self.processors[i].previous == &mark->entry->block;

		stack_settle(&self.processors[i], here ? mark->ahead : 0);
		self.processors[i].phase = mark->phase == MARK_FLUSH ? MARK_NONE : mark->phase;
	}
}

static void on_mark(unsigned int processor, void *data)
{
	const MarkAt *mark = data;

	pthread_mutex_lock(&self.lock);
	if (self.state == COUNTING && self.stacks)
		settle_stacks(processor, mark);
	else if (self.state == COUNTING)
		settle_blocks();
	if (self.state == WAITING && mark->phase != MARK_FLUSH) {
		self.state = STARTING;
		for (unsigned int i = 0; i < self.n_processors; i++)
			self.processors[i].phase = mark->phase;
		qemu_plugin_reset(self.id, on_reset);
	} else if (self.state == COUNTING && mark->phase == MARK_FLUSH) {
		self.state = OVER;
		write_profile();
		qemu_plugin_reset(self.id, on_reset);
	}
	if (mark->phase != self.phase && mark->phase != MARK_FLUSH)
		self.entered[mark->phase]++;
	self.phase = mark->phase == MARK_FLUSH ? MARK_NONE : mark->phase;
	pthread_mutex_unlock(&self.lock);
}

/* ---- translation -------------------------------------------------------------- */

/* The start of the function that holds @address; 0 when it is not known. */
static uint64_t function_of(uint64_t address)
{
	size_t low = 0, high = self.n_functions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (self.functions[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address - self.functions[low - 1] > FUNCTION_MAX)
		return 0;
	return self.functions[low - 1];
}

static bool fill_block(Block *block, const struct qemu_plugin_tb *tb, uint8_t *sizes)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	const struct qemu_plugin_insn *insn = NULL;

	if (n == 0 || n > BLOCK_INSNS)
		return false;
	for (size_t i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		sizes[i] = (uint8_t)qemu_plugin_insn_size(insn);
	}
	block->start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	block->last = qemu_plugin_insn_vaddr(insn);
	block->end = block->last + sizes[n - 1];
	block->n = (uint32_t)n;
	block->flow = (uint8_t)decode_flow(qemu_plugin_insn_data(insn), sizes[n - 1], block->last,
					   &block->target);
	block->region = (uint8_t)decode_region(block->start);
	if (block->region == REGION_USER) {
		/* one function, whatever it does */
		block->function = 1;
		block->target = 0;
		if (block->flow != FLOW_SYSCALL)
			block->flow = FLOW_PLAIN;
	} else {
		block->function = function_of(block->start);
		block->entry = block->function == block->start;
	}
	return true;
}

static bool same_block(const Block *a, const Block *b)
{
	return a->start == b->start && a->n == b->n && a->end == b->end && a->flow == b->flow &&
	       a->target == b->target;
}

/* What is known of a block that may have been translated before; NULL without room. */
static Entry *entry_of(const struct qemu_plugin_tb *tb)
{
	uint8_t sizes[BLOCK_INSNS];
	Block block = { 0 };
	uint32_t at;
	Entry *entry;

	if (!fill_block(&block, tb, sizes))
		return NULL;
	at = (uint32_t)((block.start * 0x9e3779b97f4a7c15u) >> 32);
	for (;; at++) {
		Entry **slot = &self.slots[at & (2 * BLOCKS_MAX - 1)];

		if (*slot && same_block(&(*slot)->block, &block))
			return *slot;
		if (*slot)
			continue;
		entry = self.n_entries < BLOCKS_MAX ? calloc(1, sizeof(*entry)) : NULL;
		block.sizes = entry ? malloc(block.n) : NULL;
		if (!block.sizes) {
			free(entry);
			self.full = true;
			return NULL;
		}
		memcpy(block.sizes, sizes, block.n);
		entry->block = block;
		self.n_entries++;
		return *slot = entry;
	}
}

static void on_block(unsigned int processor, void *data)
{
	const Entry *entry = data;

	if (processor < self.n_processors)
		stack_block(&self.processors[processor], &entry->block);
}

/* With several processors the tree has several writers. */
static void on_block_locked(unsigned int processor, void *data)
{
	pthread_mutex_lock(&self.lock);
	on_block(processor, data);
	pthread_mutex_unlock(&self.lock);
}

static void watch_marks(struct qemu_plugin_tb *tb, const Entry *entry)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		int phase = decode_mark(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
		MarkAt *mark;

		if (phase < 0 || self.n_marks == MARKS_MAX || !(mark = calloc(1, sizeof(*mark))))
			continue;
		self.n_marks++;
		mark->entry = entry;
		mark->phase = (unsigned int)phase;
		mark->ahead = (uint32_t)(n - i);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS, mark);
	}
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const Entry unknown;
	const struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(tb, 0);
	bool user = decode_region(qemu_plugin_insn_vaddr(first)) == REGION_USER;
	Entry *entry = NULL;

	(void)id;
	if (self.state == COUNTING) {
		pthread_mutex_lock(&self.lock);
		entry = entry_of(tb);
		pthread_mutex_unlock(&self.lock);
	}
	if (entry && self.stacks)
		qemu_plugin_register_vcpu_tb_exec_cb(
			tb, self.n_processors > 1 ? on_block_locked : on_block,
			QEMU_PLUGIN_CB_NO_REGS, entry);
	else if (entry)
		qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							 &entry->times, 1);
	if (user && self.state != OVER)
		watch_marks(tb, entry ? entry : &unknown);
}

/* ---- start -------------------------------------------------------------------- */

static bool read_functions(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st)) {
		fprintf(stderr, "profile: %s can't be read\n", path);
		return false;
	}
	self.n_functions = (size_t)st.st_size / sizeof(uint64_t);
	if (self.n_functions > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED) {
			fprintf(stderr, "profile: %s can't be mapped\n", path);
			close(fd);
			return false;
		}
		self.functions = map;
	}
	close(fd);
	return true;
}

static bool read_argument(const char *argument)
{
	if (strcmp(argument, "mode=stacks") == 0)
		self.stacks = true;
	else if (strncmp(argument, "out=", 4) == 0)
		self.out = strdup(argument + 4);
	else if (strncmp(argument, "functions=", 10) == 0)
		return read_functions(argument + 10);
	else if (strcmp(argument, "mode=flat") != 0)
		return false;
	return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!read_argument(argv[i])) {
			fprintf(stderr, "profile: bad argument %s\n", argv[i]);
			return -1;
		}
	if (!self.out || !info->system_emulation || strcmp(info->target_name, "x86_64") != 0) {
		fprintf(stderr, "profile: this needs out=FILE and an emulated x86_64 machine\n");
		return -1;
	}
	self.id = id;
	self.n_processors = (unsigned int)info->system.max_vcpus;
	self.slots = calloc(2 * BLOCKS_MAX, sizeof(*self.slots));
	self.processors = calloc(self.n_processors, sizeof(*self.processors));
	if (!self.slots || !self.processors || !tree_init(&self.tree, NODES_MAX)) {
		fprintf(stderr, "profile: no memory\n");
		return -1;
	}
	for (unsigned int i = 0; i < self.n_processors; i++)
		self.processors[i].tree = &self.tree;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
