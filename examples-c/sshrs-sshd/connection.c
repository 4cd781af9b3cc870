/* A connection: from the hooks' first call to the last thread that serves it. */
#include <stdlib.h>

#include "forward.h"
#include "report.h"
#include "server.h"
#include "session.h"

/* A channel that was accepted on the way to another. */
struct arrived {
    struct arrived *next;
    ssh_channel_t *channel;
};

struct connection *connection_new(struct server *server)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL)
        return NULL;
    pthread_mutex_init(&connection->lock, NULL);
    pthread_mutex_init(&connection->accepting, NULL);
    connection->server = server;
    connection->users = 1;
    pthread_mutex_lock(&server->lock);
    connection->next = server->connections;
    server->connections = connection;
    server->connections_count++;
    server->held++;
    pthread_mutex_unlock(&server->lock);
    return connection;
}

static void leave_server(struct connection *connection)
{
    struct server *server = connection->server;
    struct connection **link = &server->connections;

    pthread_mutex_lock(&server->lock);
    while (*link != connection)
        link = &(*link)->next;
    *link = connection->next;
    server->connections_count--;
    pthread_cond_signal(&server->gone);
    pthread_mutex_unlock(&server->lock);
}

void connection_over(void *user_data)
{
    struct connection *connection = user_data;

    pthread_mutex_lock(&connection->lock);
    connection->over = true;
    pthread_mutex_unlock(&connection->lock);
    forward_end_all(connection);
    session_end_all(connection);
    leave_server(connection);
    connection_release(connection);
}

void connection_hold(struct connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    connection->users++;
    pthread_mutex_unlock(&connection->lock);
}

static void count_released(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->held--;
    pthread_cond_signal(&server->gone);
    pthread_mutex_unlock(&server->lock);
}

void connection_release(struct connection *connection)
{
    struct server *server = connection->server;
    int users;

    pthread_mutex_lock(&connection->lock);
    users = --connection->users;
    pthread_mutex_unlock(&connection->lock);
    if (users > 0)
        return;
    while (connection->arrived != NULL) {
        struct arrived *next = connection->arrived->next;

        ssh_channel_free(connection->arrived->channel);
        free(connection->arrived);
        connection->arrived = next;
    }
    ssh_transport_free(connection->transport);
    pthread_mutex_destroy(&connection->accepting);
    pthread_mutex_destroy(&connection->lock);
    free(connection);
    count_released(server);
}

bool connection_start_thread(struct connection *connection, void *(*run)(void *), void *argument)
{
    pthread_attr_t detached;
    pthread_t thread;
    int error;

    connection_hold(connection);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &detached, run, argument);
    pthread_attr_destroy(&detached);
    if (error == 0)
        return true;
    connection_release(connection);
    report_error("serving a channel", "no thread to be had", "raise the limit on processes");
    return false;
}

static ssh_channel_t *take_arrived(struct connection *connection, uint32_t channel_id)
{
    struct arrived **link = &connection->arrived;

    while (*link != NULL && ssh_channel_get_id((*link)->channel) != channel_id)
        link = &(*link)->next;
    if (*link != NULL) {
        struct arrived *found = *link;
        ssh_channel_t *channel = found->channel;

        *link = found->next;
        free(found);
        return channel;
    }
    return NULL;
}

ssh_channel_t *connection_take_channel(struct connection *connection, uint32_t channel_id)
{
    ssh_channel_t *channel = NULL, *found;

    pthread_mutex_lock(&connection->accepting);
    /* The library queues channels in the order they were opened, and several of ours are asked for in any order. */
    while (ssh_transport_accept(connection->transport, 0, &channel) == SSH_OK) {
        struct arrived *arrived = malloc(sizeof *arrived);

        if (arrived == NULL) {
            ssh_channel_free(channel);
            continue;
        }
        arrived->channel = channel;
        arrived->next = connection->arrived;
        connection->arrived = arrived;
    }
    found = take_arrived(connection, channel_id);
    pthread_mutex_unlock(&connection->accepting);
    return found;
}
