/* What we listen on: each connection gets a channel to where it is to go, or says over SOCKS where that is. */
#ifndef LOCAL_FORWARD_H
#define LOCAL_FORWARD_H

#include <sshrs.h>

#include "forward_spec.h"
#include "link.h"

struct local_forward;

/* What all of them share. */
struct local_forwards {
    ssh_transport_t *transport;
    struct links *links;
    int address_family; /* AF_*: which addresses are listened on */
    struct local_forward *first;
};

/* Listens. Reports what fails and returns false; addresses that are bound by then stay so until local_forwards_end. */
bool local_forwards_add(struct local_forwards *forwards, const struct forward_spec *spec);

/* Removes the sockets' files, for a program that is about to end. */
void local_forwards_remove_paths(const struct local_forwards *forwards);

/* Nothing is accepted any more; connections that are open go on. */
void local_forwards_end(struct local_forwards *forwards);

#endif
