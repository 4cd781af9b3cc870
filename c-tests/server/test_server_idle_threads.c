/* 1,000 connections logged in and idle, both ends in this program: threads stay as few as for one. */
#include "server.h"
#include <dirent.h>
#include <sys/resource.h>

#define CONNECTIONS 1000
/* Pollers: one a core, never more than these. */
#define POLLERS 4

static int threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int n = -2; /* "." and ".." */

    CHECK(dir != NULL);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

int main(void)
{
    static pair_t pairs[CONNECTIONS];
    ssh_server_hooks_t hooks = usual_hooks();
    int64_t end = now_ms() + WAIT_MS;
    struct rlimit files;
    int i;

    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    if (files.rlim_max < 2 * CONNECTIONS + 100) {
        fprintf(stderr, "skipped: this user may open %lu files only\n", (unsigned long)files.rlim_max);
        return SKIPPED;
    }
    for (i = 0; i < CONNECTIONS; i++) {
        pairs[i] = pair_open(&hooks);
        CHECK_OK(log_in(pairs[i].client, "secret"));
    }
    /* This one and the pollers, once the pool's threads have nothing to do any more. */
    while (threads() > 1 + POLLERS) {
        CHECK(now_ms() < end);
        sleep_ms(100);
    }
    for (i = 0; i < CONNECTIONS; i++)
        CHECK(ssh_transport_is_authenticated(pairs[i].server) && ssh_transport_is_authenticated(pairs[i].client));
    ssh_channel_free(test_exec(pairs[CONNECTIONS - 1].client, "x"));
    for (i = 0; i < CONNECTIONS; i++)
        pair_close(&pairs[i]);
    ssh_key_free(host_key());
    return 0;
}
