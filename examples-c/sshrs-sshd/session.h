/* Sessions: a channel with a shell, a command or a subsystem on it. */
#ifndef SESSION_H
#define SESSION_H

#include "process.h"
#include "server.h"
#include "session_forward.h"

/* Exists from the channel's open. Until `started` the hooks own it; then the thread that serves it does, and the hooks may look
 * at it under the connection's lock. */
struct session {
    struct session *next;
    struct connection *connection;
    uint32_t id;
    bool started;
    struct environment environment;
    struct pty_request pty;
    struct session_forward forward;

    ssh_channel_t *channel;
    struct process process;
};

/* The session of a channel, with the connection's lock held; NULL if there is none. */
struct session *session_find(struct connection *connection, const ssh_channel_t *channel);

/* The connection's lock. */
void session_lock(struct session *session);
void session_unlock(struct session *session);

/* Puts a session into its connection. */
void session_add(struct session *session);

/* How many a connection has, those that closed before anything ran in them left out and released. The hooks' alone. */
int session_count(struct connection *connection);

/* Fills in the hooks of sessions. */
void session_hooks(ssh_server_hooks_t *hooks);

/* Releases what was never started; what was ends by itself when its channel does. */
void session_end_all(struct connection *connection);

/* Takes a session out of its connection and releases it; its thread's last act. */
void session_free(struct session *session);

/* Ends what was started in a session and cannot be served. */
void session_abandon(struct session *session);

/* Serves a started session, on threads of its own: a process, or with --echo this program itself. */
bool serve_process(struct session *session);
bool serve_echo(struct session *session, const char *command);

#endif
