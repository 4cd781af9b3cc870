/* The sessions of a connection: a list under its lock. */
#include <stdlib.h>
#include <string.h>

#include "session.h"

struct session *session_find(struct connection *connection, const ssh_channel_t *channel)
{
    uint32_t id = ssh_channel_get_id(channel);
    struct session *session;

    pthread_mutex_lock(&connection->lock);
    session = connection->sessions;
    while (session != NULL && session->id != id)
        session = session->next;
    if (session == NULL)
        pthread_mutex_unlock(&connection->lock);
    return session;
}

void session_lock(struct session *session)
{
    pthread_mutex_lock(&session->connection->lock);
}

void session_unlock(struct session *session)
{
    pthread_mutex_unlock(&session->connection->lock);
}

static void release(struct session *session)
{
    session_forward_end(session->connection, &session->forward);
    ssh_channel_free(session->channel);
    environment_clear(&session->environment);
    free(session);
}

void session_add(struct session *session)
{
    struct connection *connection = session->connection;

    pthread_mutex_lock(&connection->lock);
    session->next = connection->sessions;
    connection->sessions = session;
    pthread_mutex_unlock(&connection->lock);
}

static void unlink_session(struct session *session)
{
    struct session **link = &session->connection->sessions;

    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
}

void session_free(struct session *session)
{
    session_lock(session);
    unlink_session(session);
    session_unlock(session);
    release(session);
}

/* Takes out one session that satisfies `is_over`, NULL if none does. Hooks of a connection run one after the other, so nothing
 * starts meanwhile. */
static struct session *take(struct connection *connection, bool (*is_over)(struct session *))
{
    struct session *session;

    pthread_mutex_lock(&connection->lock);
    session = connection->sessions;
    while (session != NULL && (session->started || !is_over(session)))
        session = session->next;
    if (session != NULL)
        unlink_session(session);
    pthread_mutex_unlock(&connection->lock);
    return session;
}

static bool is_any(struct session *session)
{
    (void)session;
    return true;
}

static bool is_forwarded(const struct session_forward *forward)
{
    return forward->agent != NULL || forward->display != NULL || forward->dir[0] != '\0';
}

/* What the client of sessions that still run would serve. */
static void end_forwards(struct connection *connection)
{
    struct session_forward all;
    struct session *session;

    do {
        memset(&all, 0, sizeof all);
        pthread_mutex_lock(&connection->lock);
        session = connection->sessions;
        while (session != NULL && !is_forwarded(&session->forward))
            session = session->next;
        if (session != NULL) {
            all = session->forward;
            memset(&session->forward, 0, sizeof session->forward);
        }
        pthread_mutex_unlock(&connection->lock);
        session_forward_end(connection, &all);
    } while (session != NULL);
}

void session_end_all(struct connection *connection)
{
    struct session *session;

    while ((session = take(connection, is_any)) != NULL)
        release(session);
    end_forwards(connection);
}

static bool is_closed(struct session *session)
{
    return session->channel != NULL && ssh_channel_is_closed(session->channel);
}

static bool lacks_channel(struct session *session)
{
    return session->channel == NULL;
}

/* Sessions that were closed before anything ran in them. */
static void sweep(struct connection *connection)
{
    struct session *session;

    while ((session = take(connection, lacks_channel)) != NULL) {
        session->channel = connection_take_channel(connection, session->id);
        if (session->channel == NULL)
            release(session);
        else
            session_add(session);
    }
    while ((session = take(connection, is_closed)) != NULL)
        release(session);
}

int session_count(struct connection *connection)
{
    const struct session *session;
    int sessions = 0;

    sweep(connection);
    pthread_mutex_lock(&connection->lock);
    for (session = connection->sessions; session != NULL; session = session->next)
        sessions++;
    pthread_mutex_unlock(&connection->lock);
    return sessions;
}
