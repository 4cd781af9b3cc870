/* A link between two ends in one program: two pairs of sockets, and a thread that carries bytes between them until it is
 * told not to. Then neither end hears of the other, and nothing says so. */
#ifndef SSHRS_TEST_LINK_H
#define SSHRS_TEST_LINK_H

#include "server.h"
#include <poll.h>

typedef struct link {
    int ours[2], theirs[2];
    atomic_bool stall, stalled, over;
    pthread_t thread;
} link_t;

static inline void *carry(void *arg)
{
    link_t *link = arg;
    char buf[16384];
    int i;

    while (!link->over) {
        struct pollfd fds[2] = {{link->ours[1], POLLIN, 0}, {link->theirs[1], POLLIN, 0}};

        link->stalled = (bool)link->stall;
        if (link->stalled || poll(fds, 2, 5) <= 0) {
            sleep_ms(1);
            continue;
        }
        for (i = 0; i < 2; i++) {
            ssize_t n = 0, sent = 0, m;

            if (fds[i].revents == 0 || (n = recv(fds[i].fd, buf, sizeof buf, MSG_DONTWAIT)) <= 0)
                continue;
            while (sent < n && (m = send(fds[1 - i].fd, buf + sent, (size_t)(n - sent), MSG_NOSIGNAL)) > 0)
                sent += m;
        }
    }
    close(link->ours[1]);
    close(link->theirs[1]);
    return NULL;
}

/* Nothing is carried any more when this returns. */
static inline void link_stall(link_t *link)
{
    link->stall = true;
    while (!link->stalled)
        sleep_ms(1);
}

/* ours[0] and theirs[0] are for the two transports. */
static inline void link_open(link_t *link)
{
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, link->ours) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, link->theirs) == 0);
    CHECK(pthread_create(&link->thread, NULL, carry, link) == 0);
}

/* After both transports are freed. */
static inline void link_close(link_t *link)
{
    link->over = true;
    CHECK(pthread_join(link->thread, NULL) == 0);
}

#endif
