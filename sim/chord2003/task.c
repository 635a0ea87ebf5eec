/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is under way at a node, in its second block: made when something begins, given back when it ends. */
#include "sim/chord2003/block.h"

static size_t tasks_bytes(unsigned count)
{
    return count ? sizeof(struct tasks) + count * sizeof(struct task) : 0;
}

struct task *task_new(struct env *env, enum task_kind kind)
{
    unsigned count = task_count(env);
    if (count == TASKS_MAX || !env->port->work(env, tasks_bytes(count + 1)))
        return NULL;
    struct tasks *all = env->work;
    all->count = count + 1;
    all->at[count] = (struct task){
        .started = env->now, .deadline = TIME_NEVER, .asked = NO_PEER, .last = NO_PEER, .kind = (uint8_t)kind};
    return &all->at[count];
}

void task_end(struct env *env, unsigned k)
{
    struct tasks *all = env->work;
    assert(k < all->count);
    all->count--;
    memmove(&all->at[k], &all->at[k + 1], (all->count - k) * sizeof all->at[0]);
    bool done = env->port->work(env, tasks_bytes(all->count));
    assert(done); /* a smaller block is never refused */
    (void)done;
}

int task_find(const struct env *env, peer_h from, uint32_t transaction)
{
    for (unsigned k = 0; k < task_count(env); k++)
        if (task_at(env, k)->asked == from && task_at(env, k)->transaction == transaction)
            return (int)k;
    return -1;
}

bool task_runs(const struct env *env, enum task_kind kind)
{
    for (unsigned k = 0; k < task_count(env); k++)
        if (task_at(env, k)->kind == kind)
            return true;
    return false;
}
