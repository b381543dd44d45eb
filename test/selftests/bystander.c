// SPDX-License-Identifier: GPL-2.0
/*
 * A process that uses HMS while others run: policies and pages on every node and accelerator. Says
 * "ready", waits for SIGTERM, and then says what of it was lost. No test by itself.
 */
#include <signal.h>
#include <stdio.h>

#include "hms_test.h"

#define SIZE	MiB(4)

static char *make(const struct env *e, __u32 uid)
{
	char *p = area(SIZE);

	if (!p)
		return NULL;
	fill(p, SIZE, uid);
	if (policy_set(e->fd, p, SIZE, HMS_MODE_BIND, 1, &uid) ||
	    migrate(e->fd, p, SIZE, uid, NULL))
		return NULL;
	return p;
}

/* Pages may have moved, as anybody's; policies may not, and no byte may have changed. */
static const char *lost(const struct env *e, const char *p, __u32 uid)
{
	struct policy policy;

	if (policies_read(e->fd, HMS_QUERY_POLICY, p, SIZE, &policy, 1) != 1 ||
	    !policy_is(&policy, p, SIZE, HMS_MODE_BIND, 1, &uid))
		return "a policy is not what it was";
	return verify(p, SIZE, uid) < 0 ? NULL : "a page is not what it was";
}

int main(void)
{
	char *p[MAX_NODES + MAX_SIMS];
	__u32 uid[MAX_NODES + MAX_SIMS];
	struct env e;
	const char *wrong = env_open(&e);
	sigset_t signals;
	int n = 0, signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (*wrong) {
		puts(wrong);
		return 1;
	}
	for (int i = 0; i < e.nnodes; i++)
		uid[n++] = e.node[i];
	for (int i = 0; i < e.nsims; i++)
		uid[n++] = e.sim[i];
	for (int i = 0; i < n; i++) {
		p[i] = make(&e, uid[i]);
		if (!p[i]) {
			printf("nothing can be put on uid %u\n", uid[i]);
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	sigwait(&signals, &signal);
	for (int i = 0; i < n; i++) {
		wrong = lost(&e, p[i], uid[i]);
		if (wrong) {
			printf("uid %u: %s\n", uid[i], wrong);
			return 1;
		}
	}
	return 0;
}
