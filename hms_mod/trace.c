// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints, see trace.h: this is where they are defined.
 */

#define CREATE_TRACE_POINTS
#include "trace.h"
