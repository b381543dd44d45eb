/* SPDX-License-Identifier: GPL-2.0 */
/* For scripts/profile: what lies between these is counted, see test/vm/profile/count.c. */
#ifndef PROFILE_H
#define PROFILE_H

static inline void profile_begin(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x78, 0x56, 0x34, 0x12" : : : "memory");
}

static inline void profile_end(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x79, 0x56, 0x34, 0x12" : : : "memory");
}

#endif /* PROFILE_H */
