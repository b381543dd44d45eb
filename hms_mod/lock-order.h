/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lock order of HMS. lockdep agrees; code that takes two of them takes the upper one first.
 *
 *	hms_fork.lock		fork.c: what a child inherits; from task work
 *	hms_binding.listen_lock	binding.c: that there is a notifier; nests mmap_lock for write
 *	mmap_lock		core
 *	hms_turn_claims		turn.c: which thread brings a page home; as core's lock of the page
 *				is held then on newer kernels
 *	folio lock		core; those of a batch at a time, by trylock in migrate_vma
 *	hms_split_claims	split.c: who asks core for a large page
 *	rmap locks		core
 *	hms_mirror.lock		mirror.c: a device page table; from mmu notifiers
 *	hms_binding.tree_lock	binding.c: a policy tree; leaf; from mmu notifiers
 *	hms_pcp.lock		pcp.c: what a CPU has freed of a device; interrupts off
 *	hms_devmem.lock		devmem.c: free pages of a device; leaf, but for what core takes
 *				to queue work, and to free a policy; interrupts off
 *	hms_bindings_lock	binding.c: the table of bindings; leaf
 *	hms_accounts_lock	account.c: users; leaf; interrupts off
 *	hms_jobs.lock		job.c: the jobs of a descriptor; leaf
 *	hms_binding.inboxes_lock	inbox.c: who is told; nests hms_inbox.lock, a leaf
 *
 *	hms_fork_mutex		fork.c: the probe of forks; nests core's locks of tracepoints
 *
 *	hms_lazy_lock		lazy.c: that there are placeholders; nests memory hotplug
 *
 *	hms_target.offline_lock	driver.c: a target going offline; nests sysfs's, above mmap_lock
 *	hms_poison_lock		poison.c: what stands for what is lost; nests memory hotplug
 *
 *	hms_node_lock		node.c: nodes; in memory, CPU and PCI hotplug; nests hms_map_lock
 *	hms_map_lock		object.c: the map; nests sysfs and netlink; apart from the above
 *
 * The probe of forks runs where nothing may sleep, and takes a tree lock. Task work after mremap()
 * takes mmap_lock, then a tree lock, as a request does.
 *
 * mmu notifiers call us with rmap locks held and sometimes inside reclaim. Of ours they take a
 * mirror or a tree lock, and a driver's page table may take leaves of its own; they never sleep,
 * never wait for memory and never refuse. Where a device fault enters a page, the mirror lock also
 * nests what set_page_dirty() takes, as core's page table locks do. No lock of ours is held while a
 * page is copied, but that of a target that goes offline, and the turn to bring home that page; and
 * none over copy_to_user() or copy_from_user(): the buffer may itself be in a device.
 */
