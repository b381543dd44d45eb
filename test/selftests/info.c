// SPDX-License-Identifier: GPL-2.0
/*
 * HMS_INFO: what the module says about itself is complete, sized as asked, and agrees with
 * sysfs.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "hms_fixture.h"
#include "maptest.h"

#define ROOM	64

HMS_FIXTURE(info)

static void info_init(struct hms_info *i)
{
	memset(i, 0, sizeof(*i));
	i->size = sizeof(*i);
	i->version = 1;
	i->key_size = sizeof(struct hms_key_info);
	i->feature_size = sizeof(struct hms_feature_info);
}

static const struct hms_key_info *key_find(const struct hms_key_info *keys, __u32 n, __u32 key)
{
	for (__u32 i = 0; i < n; i++) {
		if (keys[i].key == key)
			return &keys[i];
	}
	return NULL;
}

HMS_TEST(info, fields)
{
	struct hms_info a, b;

	info_init(&a);
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &a));
	EXPECT_NE(0, a.instance);
	EXPECT_GE(a.api_version, HMS_API_VERSION);
	EXPECT_EQ(HMS_VERSION_DEVICE, a.object_version);
	EXPECT_EQ(HMS_MAX_TARGETS, a.max_targets);
	EXPECT_EQ(HMS_MAX_MODIFIERS, a.max_modifiers);
	EXPECT_EQ(HMS_ALL_OR_NOTHING_MAX, a.all_or_nothing_max);
	EXPECT_GE(a.max_ranges, 1000);
	EXPECT_EQ(sizeof(struct hms_key_info), a.key_size);
	EXPECT_EQ(sizeof(struct hms_feature_info), a.feature_size);
	EXPECT_GE(a.nkeys, 10);
	EXPECT_GE(a.nfeatures, 1);
	EXPECT_NE(0, a.module_version[0]);
	EXPECT_NE(NULL, memchr(a.module_version, 0, sizeof(a.module_version)));

	/* The same for any caller version but 0, and the same each time. */
	info_init(&b);
	b.version = 0xffffffff;
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &b));
	b.version = a.version;
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
	info_init(&b);
	b.version = 0;
	EXPECT_EQ(-EINVAL, call(self->e.fd, HMS_INFO, &b));
}

HMS_TEST(info, keys)
{
	static const char * const names[] = {
		[HMS_MOD_MODE] = "mode", [HMS_MOD_WEIGHT] = "weight",
		[HMS_MOD_MIGRATE] = "migrate", [HMS_MOD_POPULATE] = "populate",
		[HMS_MOD_LAZY] = "lazy", [HMS_MOD_ALL_OR_NOTHING] = "all-or-nothing",
		[HMS_MOD_INITIATOR] = "initiator", [HMS_MOD_INHERIT] = "inherit",
		[HMS_MOD_PRIORITY] = "priority", [HMS_MOD_ASYNC] = "async",
	};
	static const __u32 live[] = {
		HMS_MOD_MODE, HMS_MOD_WEIGHT, HMS_MOD_MIGRATE, HMS_MOD_POPULATE, HMS_MOD_LAZY,
		HMS_MOD_ALL_OR_NOTHING, HMS_MOD_INITIATOR, HMS_MOD_INHERIT, HMS_MOD_PRIORITY,
		HMS_MOD_ASYNC,
	};
	struct hms_key_info keys[ROOM];
	struct hms_info i;

	info_init(&i);
	i.keys = u64_ptr(keys);
	i.nkeys = ROOM;
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	ASSERT_LE(i.nkeys, ROOM);
	for (__u32 k = 0; k < i.nkeys; k++) {
		EXPECT_NE(NULL, memchr(keys[k].name, 0, sizeof(keys[k].name)));
		EXPECT_NE(NULL, memchr(keys[k].text, 0, sizeof(keys[k].text)));
		EXPECT_NE(0, keys[k].name[0]);
		EXPECT_NE(0, keys[k].text[0]);
		EXPECT_LE(keys[k].min, keys[k].max);
		EXPECT_EQ(&keys[k], key_find(keys, i.nkeys, keys[k].key)) {
			TH_LOG("key %u is there twice", keys[k].key);
		}
	}
	for (__u32 k = HMS_MOD_MODE; k <= HMS_MOD_ASYNC; k++) {
		const struct hms_key_info *key = key_find(keys, i.nkeys, k);

		ASSERT_NE(NULL, key);
		EXPECT_STREQ(names[k], key->name);
		EXPECT_LE(key->since, i.api_version);
	}
	for (size_t k = 0; k < ARRAY_SIZE(live); k++)
		EXPECT_NE(0, key_find(keys, i.nkeys, live[k])->since);
}

/* Not every value in its range is right at any time: see input.c, modes.c and async.c. */
static bool needs_more(__u32 key)
{
	return key == HMS_MOD_MODE || key == HMS_MOD_WEIGHT || key == HMS_MOD_INITIATOR ||
	       key == HMS_MOD_LAZY || key == HMS_MOD_ASYNC;
}

/* A key that the table calls missing is refused as such, one that it has is not. */
HMS_TEST(info, keys_are_true)
{
	struct hms_key_info keys[ROOM];
	struct hms_info i;
	struct request r;
	char *p = area(PAGE);

	ASSERT_NE(NULL, p);
	info_init(&i);
	i.keys = u64_ptr(keys);
	i.nkeys = ROOM;
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	for (__u32 k = 0; k < i.nkeys; k++) {
		/* It depends on the kernel, and a feature says so. */
		if (keys[k].key == HMS_MOD_INHERIT && *feature_missing("fork-inherit"))
			continue;
		request_init(&r, p, PAGE);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		if (keys[k].key != HMS_MOD_MIGRATE)
			request_modifier(&r, keys[k].key, keys[k].max);
		if (!keys[k].since) {
			EXPECT_EQ(-EOPNOTSUPP, request_send(&r, self->e.fd));
			EXPECT_EQ(HMS_ERROR_MODIFIER, r.h.error_where);
			EXPECT_EQ(2, r.h.error_index);
			EXPECT_EQ(HMS_WHY_UNSUPPORTED, r.h.error_why);
		} else if (!needs_more(keys[k].key)) {
			EXPECT_EQ(0, request_send(&r, self->e.fd)) {
				TH_LOG("key %s", keys[k].name);
			}
		}
		/* Beyond the range that the table gives; the key, if missing, is so first. */
		if (keys[k].key == HMS_MOD_MODE)
			continue;	/* its values differ by module: see input.c */
		if (keys[k].since && keys[k].max != ~0ULL) {
			r.modifiers[r.h.nmodifiers - 1].value = keys[k].max + 1;
			EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
			EXPECT_EQ(HMS_ERROR_MODIFIER, r.h.error_where);
			EXPECT_EQ(r.h.nmodifiers - 1, r.h.error_index);
			EXPECT_EQ(HMS_WHY_VALUE, r.h.error_why);
		}
		if (keys[k].since && keys[k].min) {
			r.modifiers[r.h.nmodifiers - 1].value = keys[k].min - 1;
			EXPECT_EQ(-EINVAL, request_send(&r, self->e.fd));
			EXPECT_EQ(HMS_WHY_VALUE, r.h.error_why);
		}
	}
	EXPECT_ZERO(p, PAGE);
}

HMS_TEST(info, features)
{
	struct hms_feature_info f[ROOM];
	struct hms_info i;
	int interfaces = 0;

	info_init(&i);
	i.features = u64_ptr(f);
	i.nfeatures = ROOM;
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	ASSERT_LE(i.nfeatures, ROOM);
	ASSERT_GE(i.nfeatures, 1);
	for (__u32 k = 0; k < i.nfeatures; k++) {
		ASSERT_NE(NULL, memchr(f[k].name, 0, sizeof(f[k].name)));
		ASSERT_NE(NULL, memchr(f[k].reason, 0, sizeof(f[k].reason)));
		EXPECT_NE(0, f[k].name[0]);
		EXPECT_LE(f[k].live, 1);
		if (f[k].kind == HMS_FEATURE_INTERFACE) {
			EXPECT_NE(0, f[k].reason[0]);
			interfaces++;
			continue;
		}
		EXPECT_EQ(HMS_FEATURE, f[k].kind);
		/* Missing means a reason, working means none. */
		EXPECT_EQ(!f[k].live, !!f[k].reason[0]) {
			TH_LOG("feature %s: live %u, reason '%s'", f[k].name, f[k].live,
			       f[k].reason);
		}
	}
	EXPECT_GE(interfaces, 8);
}

/* Room of 0 asks for the sizes; too little room is ENOSPC with the sizes, and nothing beyond it. */
HMS_TEST(info, room)
{
	struct hms_feature_info f[ROOM];
	struct hms_key_info keys[ROOM];
	struct hms_info i, all;
	__u32 nkeys, nfeatures;

	info_init(&all);
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &all));
	nkeys = all.nkeys;
	nfeatures = all.nfeatures;

	memset(keys, 0xa5, sizeof(keys));
	memset(f, 0xa5, sizeof(f));
	info_init(&i);
	i.keys = u64_ptr(keys);
	i.nkeys = nkeys - 1;
	EXPECT_EQ(-ENOSPC, call(self->e.fd, HMS_INFO, &i));
	EXPECT_EQ(nkeys, i.nkeys);
	EXPECT_EQ(sizeof(keys[0]), i.key_size);
	EXPECT_EQ(all.instance, i.instance);
	for (size_t k = (nkeys - 1) * sizeof(keys[0]); k < sizeof(keys); k++)
		ASSERT_EQ(0xa5, ((unsigned char *)keys)[k]);

	/* Enough for one table is not enough when the other is too small. */
	if (nfeatures > 1) {
		info_init(&i);
		i.keys = u64_ptr(keys);
		i.nkeys = nkeys;
		i.features = u64_ptr(f);
		i.nfeatures = nfeatures - 1;
		EXPECT_EQ(-ENOSPC, call(self->e.fd, HMS_INFO, &i));
		EXPECT_EQ(nkeys, i.nkeys);
		EXPECT_EQ(nfeatures, i.nfeatures);
		for (size_t k = (nfeatures - 1) * sizeof(f[0]); k < sizeof(f); k++)
			ASSERT_EQ(0xa5, ((unsigned char *)f)[k]);
		memset(f, 0xa5, sizeof(f));
	}

	/* Exactly enough: not a byte more is written. */
	info_init(&i);
	memset(keys, 0xa5, sizeof(keys));
	i.keys = u64_ptr(keys);
	i.nkeys = nkeys;
	i.features = u64_ptr(f);
	i.nfeatures = nfeatures;
	EXPECT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	for (size_t k = nkeys * sizeof(keys[0]); k < sizeof(keys); k++)
		ASSERT_EQ(0xa5, ((unsigned char *)keys)[k]);
	for (size_t k = nfeatures * sizeof(f[0]); k < sizeof(f); k++)
		ASSERT_EQ(0xa5, ((unsigned char *)f)[k]);
}

/* A caller with smaller elements gets them cut, one with larger ones filled with zeros. */
HMS_TEST(info, element_sizes)
{
	struct wide {
		struct hms_key_info key;
		__u8 tail[72];
	} wide[ROOM];
	struct hms_key_info keys[ROOM];
	__u32 narrow[2 * ROOM];
	struct hms_info i;
	__u32 n;

	info_init(&i);
	i.keys = u64_ptr(keys);
	i.nkeys = ROOM;
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	n = i.nkeys;

	memset(wide, 0xa5, sizeof(wide));
	i.keys = u64_ptr(wide);
	i.nkeys = ROOM;
	i.key_size = sizeof(wide[0]);
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	EXPECT_EQ(sizeof(keys[0]), i.key_size);
	EXPECT_EQ(n, i.nkeys);
	for (__u32 k = 0; k < n; k++) {
		EXPECT_EQ(0, memcmp(&wide[k].key, &keys[k], sizeof(keys[k])));
		EXPECT_EQ(-1, verify_zero(wide[k].tail, sizeof(wide[k].tail)));
	}
	EXPECT_EQ(0xa5, *(unsigned char *)&wide[n]);

	memset(narrow, 0xa5, sizeof(narrow));
	i.keys = u64_ptr(narrow);
	i.nkeys = ROOM;
	i.key_size = 8;		/* key and since */
	ASSERT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	for (__u32 k = 0; k < n; k++) {
		EXPECT_EQ(keys[k].key, narrow[2 * k]);
		EXPECT_EQ(keys[k].since, narrow[2 * k + 1]);
	}
	EXPECT_EQ(0xa5a5a5a5, narrow[2 * n]);

	/* Sizes whose product with the count is more than an address space. */
	i.keys = u64_ptr(keys);
	i.nkeys = 0xffffffff;
	i.key_size = 0xffffffff;
	EXPECT_NE(0, call(self->e.fd, HMS_INFO, &i));
	/* Much room is only used as far as needed. */
	info_init(&i);
	i.keys = u64_ptr(keys);
	i.nkeys = 0xffffffff;
	EXPECT_EQ(0, call(self->e.fd, HMS_INFO, &i));
	EXPECT_EQ(n, i.nkeys);
}

HMS_TEST(info, sizes_of_the_request)
{
	struct {
		struct hms_info i;
		__u8 tail[PAGE];
	} big;

	memset(&big, 0, sizeof(big));
	info_init(&big.i);
	for (__u32 size = 0; size < sizeof(big.i); size++) {
		big.i.size = size;
		ASSERT_EQ(-EINVAL, call(self->e.fd, HMS_INFO, &big.i)) {
			TH_LOG("size %u", size);
		}
	}
	big.i.size = sizeof(big.i) + 8;
	EXPECT_EQ(0, call(self->e.fd, HMS_INFO, &big.i));
	info_init(&big.i);
	big.i.size = PAGE;
	EXPECT_EQ(0, call(self->e.fd, HMS_INFO, &big.i));
	info_init(&big.i);
	big.i.size = PAGE + 8;
	EXPECT_EQ(-E2BIG, call(self->e.fd, HMS_INFO, &big.i));
	big.i.size = 0xffffffff;
	EXPECT_EQ(-E2BIG, call(self->e.fd, HMS_INFO, &big.i));
	big.i.size = sizeof(big.i) + 8;
	big.tail[7] = 1;
	EXPECT_EQ(-E2BIG, call(self->e.fd, HMS_INFO, &big.i));
	/* What lies behind @size is not the module's. */
	big.i.size = sizeof(big.i);
	EXPECT_EQ(0, call(self->e.fd, HMS_INFO, &big.i));
}

HMS_TEST(info, pointers)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hms_info *edge, i;

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, munmap(p + PAGE, PAGE));

	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_INFO, NULL));
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_INFO, p + PAGE));
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_INFO, (void *)0xffff888000000000UL));
	/* The last byte that fits, and one more. */
	edge = (struct hms_info *)(p + PAGE - sizeof(*edge));
	info_init(edge);
	EXPECT_EQ(0, call(self->e.fd, HMS_INFO, edge));
	edge = (struct hms_info *)(p + PAGE - sizeof(*edge) + 8);
	memset(edge, 0, sizeof(*edge) - 8);
	edge->size = sizeof(*edge);
	edge->version = 1;
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_INFO, edge));

	info_init(&i);
	i.keys = u64_ptr(p + PAGE);
	i.nkeys = ROOM;
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_INFO, &i));
	info_init(&i);
	i.features = 0xffff888000000000UL;
	i.nfeatures = ROOM;
	EXPECT_EQ(-EFAULT, call(self->e.fd, HMS_INFO, &i));
}

HMS_TEST(info, unknown_requests)
{
	struct hms_info i;

	info_init(&i);
	EXPECT_EQ(-ENOTTY, call(self->e.fd, _IO(HMS_IOCTL_BASE, 0xc4), &i));
	EXPECT_EQ(-ENOTTY, call(self->e.fd, _IO(HMS_IOCTL_BASE, 0xff), &i));
	EXPECT_EQ(-ENOTTY, call(self->e.fd, _IO('h', 0xc0), &i));
	EXPECT_EQ(-ENOTTY, call(self->e.fd, _IOWR(HMS_IOCTL_BASE, 0xc0, struct hms_info), &i));
	EXPECT_EQ(-1, write(self->e.fd, &i, sizeof(i)));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->e.fd, 0));
}

/* The objects of sysfs, one value a file, and links both ways. */
HMS_TEST(info, sysfs)
{
	struct object *o;
	int n = map_read(&o), nlinks = 0;
	char path[512], text[256];

	ASSERT_GE(n, 1);
	for (int i = 0; i < n; i++) {
		EXPECT_NE(0, o[i].uid);
		EXPECT_GE(o[i].version, 1);
		EXPECT_LE(o[i].version, HMS_VERSION_DEVICE);
		snprintf(path, sizeof(path), "%s/uid", o[i].path);
		EXPECT_EQ(o[i].uid, number_read(path));
		snprintf(path, sizeof(path), "%s/name", o[i].path);
		EXPECT_EQ(0, text_read(path, text, sizeof(text)));
		EXPECT_NE(0, text[0]);
		for (int k = 0; k < i; k++)
			EXPECT_NE(o[k].uid, o[i].uid);
		if (!strcmp(o[i].type, "target")) {
			EXPECT_GT(target_capacity(o[i].uid), 0);
			if (!strcmp(o[i].kind, "node")) {
				snprintf(path, sizeof(path), "/sys/devices/system/node/node%d",
					 o[i].nid);
				/* Without CONFIG_NUMA the folder is missing. */
				EXPECT_EQ(access("/sys/devices/system/node", F_OK),
					  access(path, F_OK));
				EXPECT_EQ(HMS_VERSION_ORDINARY, o[i].version);
			} else {
				EXPECT_STREQ(self->e.private ? "device-private" : "device-coherent",
					     o[i].kind);
				EXPECT_EQ(self->e.private ? HMS_VERSION_DEVICE :
							    HMS_VERSION_ORDINARY, o[i].version);
				EXPECT_GE(target_used(o[i].uid), 0);
				EXPECT_LE(target_used(o[i].uid), target_capacity(o[i].uid));
			}
		} else if (!strcmp(o[i].type, "initiator")) {
			EXPECT_TRUE(!strcmp(o[i].kind, "cpu") || !strcmp(o[i].kind, "device"));
			EXPECT_EQ(!strcmp(o[i].kind, "cpu"), o[i].nid >= 0);
		} else if (!strcmp(o[i].type, "link")) {
			nlinks++;
		} else {
			EXPECT_STREQ("bridge", o[i].type);
		}
	}
	EXPECT_GE(nlinks, 1);

	/* A link leads to what it connects, that leads back, and all else is on a link. */
	for (int i = 0; i < n; i++) {
		int connected = 0;

		for (int k = 0; k < n; k++) {
			if (i == k || (strcmp(o[i].type, "link") && strcmp(o[k].type, "link")))
				continue;
			EXPECT_EQ(object_leads(&o[i], NULL, &o[k]),
				  object_leads(&o[k], NULL, &o[i]));
			connected += object_leads(&o[i], NULL, &o[k]);
		}
		EXPECT_GE(connected, 1) {
			TH_LOG("%s", o[i].path);
		}
	}
	free(o);
}

/* HMS_SIM_INFO and sysfs tell the same. */
HMS_TEST(info, accelerators)
{
	struct hms_sim_info info;
	struct object *o;
	int n, found = 0;

	NEED_SIMS(1);
	n = map_read(&o);
	for (int s = 0; s < self->e.nsims; s++) {
		ASSERT_EQ(0, sim_info(self->e.sim_fd[s], &info));
		EXPECT_EQ(info.memory, target_capacity(info.target));
		EXPECT_EQ(info.used, target_used(info.target));
		EXPECT_EQ(0, info.reserved);
		for (int i = 0; i < n; i++) {
			found += o[i].uid == info.target && !strcmp(o[i].type, "target");
			found += o[i].uid == info.initiator && !strcmp(o[i].type, "initiator");
			found += o[i].uid == info.link && !strcmp(o[i].type, "link");
		}
	}
	free(o);
	EXPECT_EQ(3 * self->e.nsims, found);
}

HMS_TEST(info, device_node)
{
	struct stat st;

	ASSERT_EQ(0, stat(DEV_HMS, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(10, major(st.st_rdev));	/* misc */
	EXPECT_EQ(0, st.st_mode & 0007);	/* not for everybody */
}

/* Each finished request is counted by what it asked for; a refused one is not. */
HMS_TEST(info, statistics)
{
	static const char *const names[] = {
		"policy_calls",	  "migrate_calls", "both_calls",  "home",
		"home_elsewhere", "home_faults",   "policy_lost", "evacuated",
		"fault_placed",	  "lazy",	   "lazy_touched", "home_waited",
	};
	long long policy, move, both;
	char *p = area(4 * PAGE);
	struct request r;

	ASSERT_NE(NULL, p);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_GE(stat_read(names[i]), 0);
	policy = stat_read("policy_calls");
	move = stat_read("migrate_calls");
	both = stat_read("both_calls");

	fill(p, 4 * PAGE, 1);
	ASSERT_EQ(0, policy_set(self->e.fd, p, 4 * PAGE, HMS_MODE_BIND, 1, self->e.node));
	ASSERT_EQ(0, migrate(self->e.fd, p, 4 * PAGE, self->e.node[0], NULL));
	ASSERT_EQ(0, migrate(self->e.fd, p, 4 * PAGE, self->e.node[0], NULL));
	for (int i = 0; i < 3; i++) {
		request_init(&r, p, 4 * PAGE);
		request_target(&r, self->e.node[0]);
		request_modifier(&r, HMS_MOD_MODE, HMS_MODE_PREFERRED);
		request_modifier(&r, HMS_MOD_MIGRATE, HMS_MIGRATE_NOW);
		ASSERT_EQ(0, request_send(&r, self->e.fd));
	}
	ASSERT_EQ(-EINVAL, policy_set(self->e.fd, p + 1, 4 * PAGE, HMS_MODE_BIND, 1, self->e.node));
	EXPECT_EQ(policy + 1, stat_read("policy_calls"));
	EXPECT_EQ(move + 2, stat_read("migrate_calls"));
	EXPECT_EQ(both + 3, stat_read("both_calls"));
	EXPECT_PATTERN(p, 4 * PAGE, 1);
}

/* What a target has counted; evacuations are in reload and coherent. */
struct counts {
	long long moved_in, moved_out, populated, home;
};

static struct counts counts_of(__u32 uid)
{
	return (struct counts) {
		.moved_in = target_stat(uid, "moved_in"),
		.moved_out = target_stat(uid, "moved_out"),
		.populated = target_stat(uid, "populated"),
		.home = target_stat(uid, "home"),
	};
}

#define EXPECT_COUNTED(uid, before, in, out, new, touched)			\
	do {									\
		struct counts now_ = counts_of(uid);				\
										\
		EXPECT_EQ(in, now_.moved_in - (before).moved_in);		\
		EXPECT_EQ(out, now_.moved_out - (before).moved_out);		\
		EXPECT_EQ(new, now_.populated - (before).populated);		\
		EXPECT_EQ(touched, now_.home - (before).home);			\
	} while (0)

/* One request takes pages from all sides; each of them counts its own. */
HMS_TEST(info, target_statistics)
{
	struct hms_process_stats stats;
	struct counts node0, node1, sim;
	char *p = area(16 * PAGE);

	ASSERT_NE(NULL, p);
	NEED_SIMS(1);
	NEED_NODES(2);
	node0 = counts_of(self->e.node[0]);
	node1 = counts_of(self->e.node[1]);
	sim = counts_of(self->e.sim[0]);
	EXPECT_EQ(0, target_stat(self->e.node[0], "evacuated"));
	ASSERT_EQ(0, populate(self->e.fd, p, 4 * PAGE, self->e.node[0], NULL));
	ASSERT_EQ(0, populate(self->e.fd, p + 4 * PAGE, 4 * PAGE, self->e.node[1], NULL));
	ASSERT_EQ(0, populate(self->e.fd, p + 8 * PAGE, PAGE, self->e.sim[0], NULL));
	EXPECT_COUNTED(self->e.node[0], node0, 0, 0, 4, 0);
	EXPECT_COUNTED(self->e.node[1], node1, 0, 0, 4, 0);
	EXPECT_COUNTED(self->e.sim[0], sim, 0, 0, 1, 0);
	/* What is on nodes. */
	fill(p, 8 * PAGE, 1);

	/* Holes between them, and one page that is there. */
	ASSERT_EQ(0, populate(self->e.fd, p + 2 * PAGE, 14 * PAGE, self->e.sim[0], NULL));
	EXPECT_COUNTED(self->e.node[0], node0, 0, 2, 4, 0);
	EXPECT_COUNTED(self->e.node[1], node1, 0, 4, 4, 0);
	EXPECT_COUNTED(self->e.sim[0], sim, 6, 0, 8, 0);
	ASSERT_EQ(0, migrate(self->e.fd, p + 12 * PAGE, 4 * PAGE, self->e.node[1], NULL));
	EXPECT_COUNTED(self->e.node[1], node1, 4, 4, 4, 0);
	EXPECT_COUNTED(self->e.sim[0], sim, 6, 4, 8, 0);
	ASSERT_EQ(0, stats_read(self->e.fd, &stats));
	EXPECT_EQ(0, stats.ranges);
	EXPECT_EQ(10, stats.moved);
	EXPECT_EQ(16, stats.populated);
	EXPECT_EQ(0, stats.home);
	EXPECT_EQ(0, stats.evacuated);

	ASSERT_EQ(0, policy_set(self->e.fd, p, 16 * PAGE, HMS_MODE_PREFERRED, 1, self->e.node));
	EXPECT_PATTERN(p, 8 * PAGE, 1);
	EXPECT_ZERO(p + 8 * PAGE, 8 * PAGE);
	/* Memory that the CPU can load from does not come home. */
	if (!self->e.private)
		return;
	EXPECT_COUNTED(self->e.node[0], node0, 10, 2, 4, 0);
	EXPECT_COUNTED(self->e.sim[0], sim, 6, 4, 8, 10);
	ASSERT_EQ(0, stats_read(self->e.fd, &stats));
	EXPECT_EQ(1, stats.ranges);
	EXPECT_EQ(10, stats.home);
	EXPECT_EQ(0, stats.home_elsewhere);
}

TEST_HARNESS_MAIN
