#include "link.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

/* Each has a thread. */
#define MAX_LINKS 256

/* How long the end waits for them. */
#define END_SECONDS 3

struct link {
    struct link *next, **link; /* in the list */
    struct links *links;
    int fd;
    ssh_channel_t *channel; /* its own thread's */
};

void links_init(struct links *links)
{
    static const struct links NONE;

    *links = NONE;
    pthread_mutex_init(&links->lock, NULL);
    pthread_cond_init(&links->unused, NULL);
}

void links_hold(struct links *links)
{
    pthread_mutex_lock(&links->lock);
    links->users++;
    pthread_mutex_unlock(&links->lock);
}

void links_release(struct links *links)
{
    pthread_mutex_lock(&links->lock);
    if (--links->users == 0)
        pthread_cond_signal(&links->unused);
    pthread_mutex_unlock(&links->lock);
}

bool links_end(struct links *links)
{
    struct timespec until;
    struct link *link;
    bool unused;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_SECONDS;
    pthread_mutex_lock(&links->lock);
    links->over = true;
    for (link = links->first; link != NULL; link = link->next)
        if (link->fd >= 0)
            shutdown(link->fd, SHUT_RDWR);
    while (links->users > 0)
        if (pthread_cond_timedwait(&links->unused, &links->lock, &until) != 0)
            break;
    unused = links->users == 0;
    pthread_mutex_unlock(&links->lock);
    if (unused) {
        pthread_cond_destroy(&links->unused);
        pthread_mutex_destroy(&links->lock);
    }
    return unused;
}

/* False: there are too many. */
static bool add(struct link *link)
{
    struct links *links = link->links;
    bool ok;

    pthread_mutex_lock(&links->lock);
    ok = !links->over && links->count < MAX_LINKS;
    if (ok) {
        link->next = links->first;
        link->link = &links->first;
        if (link->next != NULL)
            link->next->link = &link->next;
        links->first = link;
        links->count++;
        links->users++;
    }
    pthread_mutex_unlock(&links->lock);
    return ok;
}

struct link *link_new(struct links *links, int fd, ssh_channel_t *channel)
{
    struct link *link = calloc(1, sizeof *link);

    if (link != NULL) {
        link->links = links;
        link->fd = fd;
        link->channel = channel;
        if (add(link))
            return link;
    }
    report_progress("a connection was not forwarded: there are too many");
    free(link);
    if (fd >= 0)
        close(fd);
    ssh_channel_free(channel);
    return NULL;
}

void link_set_socket(struct link *link, int fd)
{
    pthread_mutex_lock(&link->links->lock);
    link->fd = fd;
    if (link->links->over)
        shutdown(fd, SHUT_RDWR);
    pthread_mutex_unlock(&link->links->lock);
}

void link_set_channel(struct link *link, ssh_channel_t *channel)
{
    link->channel = channel;
}

int link_socket(const struct link *link)
{
    return link->fd;
}

void link_relay(struct link *link)
{
    ssh_status_t rc;
    int fd;

    pthread_mutex_lock(&link->links->lock);
    fd = link->fd;
    link->fd = -1;
    pthread_mutex_unlock(&link->links->lock);
    rc = ssh_relay_new_fd(link->channel, fd, fd, NULL, NULL);
    if (rc != SSH_OK)
        report_failure("forwarding a connection", rc);
}

void link_free(struct link *link)
{
    struct links *links = link->links;

    ssh_channel_free(link->channel);
    pthread_mutex_lock(&links->lock);
    *link->link = link->next;
    if (link->next != NULL)
        link->next->link = link->link;
    links->count--;
    pthread_mutex_unlock(&links->lock);
    if (link->fd >= 0)
        close(link->fd);
    free(link);
    links_release(links);
}
