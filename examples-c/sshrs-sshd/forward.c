#include "forward.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "splice.h"

/* A channel that waits for its destination. */
struct wanted {
    struct connection *connection;
    ssh_ticket_t *ticket;
    uint32_t channel_id;
    uint32_t port;
    char host[256];
};

/* Connects, answers, and then is one half of the two-way copy. */
static void *serve(void *argument)
{
    struct wanted *wanted = argument;
    struct connection *connection = wanted->connection;
    ssh_channel_t *channel = NULL;
    const char *why = NULL;
    int fd = dial_tcp(wanted->host, wanted->port, &why);

    if (fd < 0) {
        ssh_ticket_set_text(wanted->ticket, why);
        ssh_ticket_settle(wanted->ticket, SSH_OPEN_FAILED_CONNECT_FAILED);
    } else {
        ssh_ticket_settle(wanted->ticket, SSH_OPEN_SUCCEEDED);
        channel = connection_take_channel(connection, wanted->channel_id);
        if (channel != NULL)
            splice(channel, fd);
        close(fd);
    }
    ssh_channel_free(channel);
    free(wanted);
    connection_release(connection);
    return NULL;
}

static int32_t on_direct_tcpip(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, uint32_t channel_id,
                               const char *dest_host, uint32_t dest_port, const char *src_host, uint32_t src_port)
{
    struct connection *connection = user_data;
    struct wanted *wanted;

    (void)transport, (void)src_host, (void)src_port;
    if (connection->restrictions.no_port_forwarding)
        return SSH_OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED;
    wanted = calloc(1, sizeof *wanted);
    if (wanted == NULL || strlen(dest_host) >= sizeof wanted->host) {
        free(wanted);
        return SSH_OPEN_FAILED_CONNECT_FAILED;
    }
    wanted->connection = connection;
    wanted->ticket = ticket;
    wanted->channel_id = channel_id;
    wanted->port = dest_port;
    strcpy(wanted->host, dest_host);
    if (connection_start_thread(connection, serve, wanted))
        return SSH_HOOK_PENDING;
    free(wanted);
    return SSH_OPEN_FAILED_RESOURCE_SHORTAGE;
}

void forward_hooks(const struct server *server, ssh_server_hooks_t *hooks)
{
    if (server->config.allow_tcp_forwarding)
        hooks->check_channel_direct_tcpip_request = on_direct_tcpip;
}

void forward_end_all(struct connection *connection)
{
    (void)connection; /* forwards end with their channels */
}
