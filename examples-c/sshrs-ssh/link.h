/* The connections that are about to be forwarded: a socket and a channel, each made by a thread. The library relays between the
 * two once both are there. */
#ifndef LINK_H
#define LINK_H

#include <pthread.h>
#include <sshrs.h>
#include <stdbool.h>

struct link;

struct links {
    pthread_mutex_t lock; /* all below */
    pthread_cond_t unused;
    struct link *first;
    int count;
    int users; /* links, and whoever may still make one */
    bool over;
};

void links_init(struct links *links);
void links_hold(struct links *links);
void links_release(struct links *links);

/* Ends every connection and waits until nobody uses the list any more; false: someone still connects somewhere, and the list
 * must stay. The transport must be closed already: that wakes who waits for a channel. */
bool links_end(struct links *links);

/* Takes either or both; -1 and NULL stand for what is still to come. NULL, and both released, if there are too many. */
struct link *link_new(struct links *links, int fd, ssh_channel_t *channel);

/* Adds what was missing. */
void link_set_socket(struct link *link, int fd);
void link_set_channel(struct link *link, ssh_channel_t *channel);
int link_socket(const struct link *link);

/* Leaves both to the library, until both are done or the connection is over. */
void link_relay(struct link *link);

/* Releases the link, and socket and channel unless they are relayed. */
void link_free(struct link *link);

#endif
