#include "listener.h"

#include <stdlib.h>
#include <unistd.h>

#include "report.h"

/* Connections of one client that wait for the other side, each with a thread. */
#define MAX_WAITING 256

/* How long the client may take to answer an open. */
#define OPEN_TIMEOUT_MS 30000

struct listener {
    struct connection *connection;
    struct purpose purpose;
    struct acceptor *acceptor;
};

/* An accepted connection. */
struct incoming {
    struct connection *connection;
    struct purpose purpose;
    int fd;
    struct acceptor_peer peer;
};

/* ---- how much ---- */

bool forwarding_begin(struct connection *connection)
{
    bool ok;

    pthread_mutex_lock(&connection->lock);
    ok = !connection->over && connection->forwarding < MAX_WAITING;
    connection->forwarding += ok;
    pthread_mutex_unlock(&connection->lock);
    return ok;
}

void forwarding_end(struct connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    connection->forwarding--;
    pthread_mutex_unlock(&connection->lock);
}

/* ---- a connection ---- */

static ssh_channel_t *open_channel(const struct incoming *incoming)
{
    ssh_channel_options_t options = SSH_CHANNEL_OPTIONS_INIT;
    const struct purpose *purpose = &incoming->purpose;
    ssh_channel_t *channel = NULL;
    ssh_status_t rc;

    options.dest_host = options.dest_path = purpose->address;
    options.dest_port = purpose->port;
    options.src_host = incoming->peer.host;
    options.src_port = incoming->peer.port;
    rc = ssh_transport_open_channel(incoming->connection->transport, purpose->kind, &options, OPEN_TIMEOUT_MS, &channel);
    if (rc != SSH_OK)
        report_refusal("forwarding a connection to the client", rc);
    return channel;
}

static void *serve(void *argument)
{
    struct incoming *incoming = argument;
    struct connection *connection = incoming->connection;
    ssh_channel_t *channel = open_channel(incoming);

    if (channel != NULL)
        ssh_relay_new_fd(channel, incoming->fd, incoming->fd, NULL, NULL);
    else
        close(incoming->fd);
    ssh_channel_free(channel);
    free(incoming);
    forwarding_end(connection);
    connection_release(connection);
    return NULL;
}

/* Takes fd. */
static void start(const struct listener *listener, int fd, const struct acceptor_peer *peer)
{
    struct connection *connection = listener->connection;
    struct incoming *incoming;

    if (!forwarding_begin(connection)) {
        report_progress("a connection was not forwarded: there are too many");
        close(fd);
        return;
    }
    incoming = calloc(1, sizeof *incoming);
    if (incoming != NULL) {
        incoming->connection = connection;
        incoming->purpose = listener->purpose;
        incoming->fd = fd;
        incoming->peer = *peer;
        if (connection_start_thread(connection, serve, incoming))
            return;
    }
    free(incoming);
    close(fd);
    forwarding_end(connection);
}

static bool on_accepted(void *user_data, int fd, const struct acceptor_peer *peer)
{
    const struct listener *listener = user_data;

    start(listener, fd, peer);
    return !listener->purpose.once;
}

/* ---- life ---- */

struct listener *listener_new(struct connection *connection, int fd, const struct purpose *purpose, const char *path)
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (listener == NULL) {
        close(fd);
        return NULL;
    }
    listener->connection = connection;
    listener->purpose = *purpose;
    listener->acceptor = acceptor_new(fd, path, on_accepted, listener);
    if (listener->acceptor != NULL)
        return listener;
    free(listener);
    return NULL;
}

void listener_go(struct listener *listener)
{
    acceptor_go(listener->acceptor);
}

const struct purpose *listener_purpose(const struct listener *listener)
{
    return &listener->purpose;
}

void listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    acceptor_free(listener->acceptor);
    free(listener);
}
