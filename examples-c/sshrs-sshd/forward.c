#include "forward.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "listener.h"
#include "report.h"

/* Ports and sockets listened on for one client. */
#define MAX_FORWARDS 64

/* ---- connections made here ---- */

/* A channel that waits for its destination. */
struct wanted {
    struct connection *connection;
    ssh_ticket_t *ticket;
    uint32_t channel_id;
    bool local;
    uint32_t port;
    char address[256]; /* or a socket's path */
};

/* Connects, answers, and leaves the rest to the library. */
static void *serve(void *argument)
{
    struct wanted *wanted = argument;
    struct connection *connection = wanted->connection;
    ssh_channel_t *channel = NULL;
    const char *why = NULL;
    int fd = wanted->local ? dial_local(wanted->address, &why) : dial_tcp(wanted->address, wanted->port, &why);

    if (fd < 0) {
        ssh_ticket_set_text(wanted->ticket, why);
        ssh_ticket_settle(wanted->ticket, SSH_OPEN_FAILED_CONNECT_FAILED);
    } else {
        ssh_ticket_settle(wanted->ticket, SSH_OPEN_SUCCEEDED);
        channel = connection_take_channel(connection, wanted->channel_id);
        if (channel != NULL)
            ssh_relay_new_fd(channel, fd, fd, NULL, NULL);
        else
            close(fd);
    }
    ssh_channel_free(channel);
    free(wanted);
    forwarding_end(connection);
    connection_release(connection);
    return NULL;
}

/* Connecting may take long: a thread of its own answers. */
static int32_t connect_later(const struct wanted *template, const char *address)
{
    struct connection *connection = template->connection;
    struct wanted *wanted;

    if (strlen(address) >= sizeof template->address)
        return SSH_OPEN_FAILED_CONNECT_FAILED;
    if (!forwarding_begin(connection))
        return SSH_OPEN_FAILED_RESOURCE_SHORTAGE;
    wanted = malloc(sizeof *wanted);
    if (wanted != NULL) {
        *wanted = *template;
        strcpy(wanted->address, address);
        if (connection_start_thread(connection, serve, wanted))
            return SSH_HOOK_PENDING;
    }
    free(wanted);
    forwarding_end(connection);
    return SSH_OPEN_FAILED_RESOURCE_SHORTAGE;
}

static int32_t on_direct_tcpip(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, uint32_t channel_id,
                               const char *dest_host, uint32_t dest_port, const char *src_host, uint32_t src_port)
{
    struct wanted wanted = {user_data, ticket, channel_id, false, dest_port, ""};

    (void)transport, (void)src_host, (void)src_port;
    return connect_later(&wanted, dest_host);
}

static int32_t on_direct_streamlocal(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport,
                                     uint32_t channel_id, const char *path)
{
    struct wanted wanted = {user_data, ticket, channel_id, true, 0, ""};

    (void)transport;
    return connect_later(&wanted, path);
}

/* ---- listening for the client ---- */

/* Only the hooks, which run one after the other, add and remove; the connection's end comes after the last. */
struct forward {
    struct forward *next;
    struct listener *listener;
};

static bool has_room(const struct connection *connection)
{
    const struct forward *forward;
    int count = 0;

    for (forward = connection->forwards; forward != NULL; forward = forward->next)
        count++;
    return count < MAX_FORWARDS;
}

/* Takes a bound socket, and answers: the reply goes out before the first channel. */
static int32_t add(struct connection *connection, ssh_ticket_t *ticket, int fd, const struct purpose *purpose,
                   const char *path)
{
    struct forward *forward;

    if (fd < 0) {
        report_progress("a forward was refused: %s", strerror(errno));
        return SSH_REQUEST_REFUSED;
    }
    forward = calloc(1, sizeof *forward);
    if (forward == NULL)
        close(fd);
    else
        forward->listener = listener_new(connection, fd, purpose, path);
    if (forward == NULL || forward->listener == NULL) {
        free(forward);
        return SSH_REQUEST_REFUSED;
    }
    forward->next = connection->forwards;
    connection->forwards = forward;
    report_progress("listening for the client on %s port %u", path == NULL ? "loopback" : path, (unsigned)purpose->port);
    ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED);
    listener_go(forward->listener);
    return SSH_HOOK_PENDING;
}

static int32_t end(struct connection *connection, const char *address, uint32_t port)
{
    struct forward **link = &connection->forwards, *forward;

    while ((forward = *link) != NULL) {
        const struct purpose *purpose = listener_purpose(forward->listener);

        if (strcmp(purpose->address, address) == 0 && purpose->port == port) {
            *link = forward->next;
            listener_free(forward->listener);
            free(forward);
            return SSH_REQUEST_GRANTED;
        }
        link = &forward->next;
    }
    return SSH_REQUEST_REFUSED;
}

static int32_t on_port_forward(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *address,
                               uint32_t port)
{
    struct connection *connection = user_data;
    struct purpose purpose = {"forwarded-tcpip", "", port, false};
    int fd;

    (void)transport;
    if (strlen(address) >= sizeof purpose.address || !has_room(connection))
        return SSH_REQUEST_REFUSED;
    strcpy(purpose.address, address);
    fd = acceptor_bind_port(strcmp(address, "::1") == 0, &purpose.port);
    if (fd >= 0 && port == 0)
        ssh_ticket_set_port(ticket, purpose.port);
    return add(connection, ticket, fd, &purpose, NULL);
}

static int32_t on_cancel_port_forward(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport,
                                      const char *address, uint32_t port)
{
    (void)ticket, (void)transport;
    /* A Unix socket's forward has port 0. */
    return port == 0 ? SSH_REQUEST_REFUSED : end(user_data, address, port);
}

static int32_t on_streamlocal_forward(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *path)
{
    struct connection *connection = user_data;
    struct purpose purpose = {"forwarded-streamlocal@openssh.com", "", 0, false};

    (void)transport;
    if (*path != '/' || strlen(path) >= sizeof purpose.address ||
        !has_room(connection))
        return SSH_REQUEST_REFUSED;
    strcpy(purpose.address, path);
    return add(connection, ticket, acceptor_bind_path(path), &purpose, path);
}

static int32_t on_cancel_streamlocal_forward(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport,
                                             const char *path)
{
    (void)ticket, (void)transport;
    return end(user_data, path, 0);
}

/* ---- all of it ---- */

void forward_hooks(const struct server *server, ssh_server_hooks_t *hooks)
{
    if (server->config.allow_tcp_forwarding) {
        hooks->check_channel_direct_tcpip_request = on_direct_tcpip;
        hooks->check_port_forward_request = on_port_forward;
        hooks->cancel_port_forward_request = on_cancel_port_forward;
    }
    if (server->config.allow_streamlocal_forwarding) {
        hooks->check_channel_direct_streamlocal_request = on_direct_streamlocal;
        hooks->check_streamlocal_forward_request = on_streamlocal_forward;
        hooks->cancel_streamlocal_forward_request = on_cancel_streamlocal_forward;
    }
}

void forward_end_all(struct connection *connection)
{
    struct forward *forward;

    while ((forward = connection->forwards) != NULL) {
        connection->forwards = forward->next;
        listener_free(forward->listener);
        free(forward);
    }
}
