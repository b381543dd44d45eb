// SPDX-License-Identifier: GPL-2.0
#include "demo.h"

/* A bijection: n different keys, in an order that scatters the tree over the arena. */
static uint64_t key_of(uint64_t i)
{
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9ULL;
	i = (i ^ i >> 27) * 0x94d049bb133111ebULL;
	return i ^ i >> 31;
}

static void insert(struct tree *tree, struct node *node)
{
	struct node **link = &tree->root;

	while (*link)
		link = node->key < (*link)->key ? &(*link)->left : &(*link)->right;
	*link = node;
}

void tree_build(struct tree *tree, size_t n)
{
	*tree = (struct tree){ .n = n, .length = (n * sizeof(struct node) + 4095) & ~4095ULL };
	tree->arena = map_memory(tree->length);
	for (size_t i = 0; i < n; i++) {
		struct node *node = &tree->arena[i];

		node->key = key_of(i + 1);
		node->value = i;
		insert(tree, node);
		tree->sum += i;
	}
}

uint64_t tree_sum(const struct node *node)
{
	return node ? node->value + tree_sum(node->left) + tree_sum(node->right) : 0;
}

static struct node *find(const struct tree *tree, uint64_t key)
{
	struct node *node = tree->root;

	while (node && node->key != key)
		node = key < node->key ? node->left : node->right;
	return node;
}

void tree_change(struct tree *tree, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct node *node = find(tree, key_of(1 + i * tree->n / n));

		if (!node)
			die("a node of the tree is lost");
		node->value += i;
		tree->sum += i;
	}
}
