/* A worker of its own whose model lies in a depot and may change: a process that fetches, checks and watches,
 * and translates nothing, and a child that translates, and can do no more than that (pipeline/confine.h). */
#ifndef HNY_TOOLS_WORKER_REFRESH_H
#define HNY_TOOLS_WORKER_REFRESH_H

#include "pipeline/worker.h"
#include "tools/tool.h"

/* Runs a worker for MODEL, the address of a bundle, as ARGUMENTS say and under the names that OPTIONS has,
 * and looks every SECONDS for another bundle at that address. A new one gets a worker beside the one before;
 * when it has joined the broker, which may take as long as no broker is there, the one before finishes what
 * it holds, and ends. A worker that ends by itself is started again with the same bundle. Until
 * hny_stop_requested(). HNY_ERROR_USAGE where MODEL is none that could change. */
hny_status hny_worker_refresh(const struct hny_arguments *arguments, const char *model,
                              const struct hny_worker_options *options, unsigned seconds);

#endif
