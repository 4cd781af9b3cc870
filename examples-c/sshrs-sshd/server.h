/* The server and its connections. No thread belongs to a connection: the library calls the hooks, which start threads for what
 * runs in a session or a forward. */
#ifndef SERVER_H
#define SERVER_H

#include <sshrs.h>
#include <pthread.h>

#include "config.h"
#include "options.h"
#include "secret.h"

#define SERVER_MAX_HOST_KEYS 8

/* Everything here but what `lock` protects is fixed before the first connection. */
struct server {
    struct config config;
    ssh_key_t *host_keys[SERVER_MAX_HOST_KEYS];
    size_t host_keys_count;
    struct secret password;
    char *banner;
    char address[64]; /* listened on; [] around IPv6 */
    char own_end[64]; /* the same as "address port", for SSH_CONNECTION */
    int listener;

    pthread_mutex_t lock; /* all below; a connection's lock may be taken under it */
    pthread_cond_t gone;  /* signalled when one of the numbers falls */
    struct connection *connections;
    int connections_count;
    int held; /* connections that are not released: there may be more than in the list, as long as threads clear up */
};

struct session;
struct forward;

struct connection {
    struct server *server;
    ssh_transport_t *transport; /* set before the first hook; until then the accepting thread's alone */

    /* Under the server's lock. */
    struct connection *next;
    bool told; /* that the server ends */

    struct forward *forwards; /* what is listened on for the client; the hooks' alone */

    /* Held while channels are taken from the library; what arrived and nobody has asked for yet. */
    pthread_mutex_t accepting;
    struct arrived *arrived;

    pthread_mutex_t lock; /* all below; of the library only getters are called under it */
    int users;            /* the library's hooks, and every thread that serves the connection */
    bool over;
    struct session *sessions;
    int forwarding; /* connections that wait to be forwarded, either way */
};

/* Loads keys and files and listens. Reports what fails and returns false. */
bool server_open(struct server *server);

/* Tries the settings on a transport that goes nowhere: a mistake in them is the server's, not the first client's. */
bool server_try_settings(const struct server *server);

/* Serves until stop_fd becomes readable, then ends every connection. */
void server_run(struct server *server, int stop_fd);
void server_close(struct server *server);

/* A connection that the server counts, NULL without memory. */
struct connection *connection_new(struct server *server);

/* The hooks' destroy: the library will not call again. */
void connection_over(void *connection);

/* A thread that uses a connection holds it. */
void connection_hold(struct connection *connection);
void connection_release(struct connection *connection);

/* Starts a thread nobody waits for, which holds the connection; false, and reported, if that fails. */
bool connection_start_thread(struct connection *connection, void *(*run)(void *), void *argument);

/* Our handle of an open channel, owned by the caller; NULL if it is gone. */
ssh_channel_t *connection_take_channel(struct connection *connection, uint32_t channel_id);

#endif
