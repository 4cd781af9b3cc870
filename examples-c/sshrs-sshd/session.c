/* The hooks of sessions: what a client asks for, and the start of what it gets. */
#include "session.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "forward.h"
#include "report.h"
#include "signal_names.h"

static int32_t on_channel(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind,
                          uint32_t channel_id, const void *open_data, size_t open_data_len)
{
    struct connection *connection = user_data;
    struct session *session;

    (void)transport, (void)open_data, (void)open_data_len;
    if (strcmp(kind, "session") != 0)
        return SSH_OPEN_FAILED_UNKNOWN_CHANNEL_TYPE;
    if (session_count(connection) >= connection->server->config.max_sessions) {
        ssh_ticket_set_text(ticket, "MaxSessions is reached");
        return SSH_OPEN_FAILED_RESOURCE_SHORTAGE;
    }
    session = calloc(1, sizeof *session);
    if (session == NULL)
        return SSH_OPEN_FAILED_RESOURCE_SHORTAGE;
    session->connection = connection;
    session->id = channel_id;
    session->process.input = session->process.output = session->process.errors = -1;
    session_add(session);
    return SSH_OPEN_SUCCEEDED;
}

/* ---- requests before the start ---- */

static int32_t on_env(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *name, const char *value,
                      size_t value_len)
{
    struct connection *connection = user_data;
    const struct text_list *accepted = &connection->server->config.accept_env;
    struct session *session = session_find(connection, channel);
    bool ok = false;
    size_t i;

    if (session == NULL)
        return SSH_REQUEST_REFUSED;
    /* The library sets what the key's line and the forced command bring. */
    ok = ssh_ticket_is_by_permissions(ticket);
    for (i = 0; i < accepted->count && !ok; i++)
        ok = fnmatch(accepted->items[i], name, 0) == 0;
    ok = ok && !session->started && strlen(value) == value_len && strchr(name, '=') == NULL && *name != '\0' &&
         environment_set(&session->environment, name, value);
    session_unlock(session);
    return ok ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static int32_t on_pty(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *term, uint32_t width,
                      uint32_t height, uint32_t width_pixels, uint32_t height_pixels, const void *modes, size_t modes_len)
{
    struct connection *connection = user_data;
    struct session *session;
    struct pty_request *pty;
    bool ok;

    (void)ticket;
    if (!connection->server->config.permit_tty)
        return SSH_REQUEST_REFUSED;
    session = session_find(connection, channel);
    if (session == NULL)
        return SSH_REQUEST_REFUSED;
    pty = &session->pty;
    ok = !session->started && !pty->wanted && modes_len <= sizeof pty->modes &&
         environment_set(&session->environment, "TERM", term);
    if (ok) {
        pty->wanted = true;
        pty->size = (struct terminal_size){width, height, width_pixels, height_pixels};
        memcpy(pty->modes, modes, modes_len);
        pty->modes_len = modes_len;
    }
    session_unlock(session);
    return ok ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

/* ---- the start ---- */

/* The key's variables count more than the account's. */
static bool set_permitted(struct environment *environment, const ssh_permissions_t *permissions)
{
    size_t count = ssh_permissions_get_environment_count(permissions), i;

    for (i = 0; i < count; i++)
        if (!environment_set(environment, ssh_permissions_get_environment_name(permissions, i),
                             ssh_permissions_get_environment_value(permissions, i)))
            return false;
    return true;
}

static bool set_environment(struct session *session)
{
    struct connection *connection = session->connection;
    struct environment *environment = &session->environment;
    const char *user = connection->server->config.user;
    ssh_permissions_t *permissions = ssh_transport_get_permissions(connection->transport);
    char *host = NULL, ends[400];
    uint32_t port = 0;
    bool ok = ssh_transport_getpeername(connection->transport, &host, &port) == SSH_OK;

    snprintf(ends, sizeof ends, "%.255s %u %s", ok ? host : "", (unsigned)port, connection->server->own_end);
    ssh_string_free(host);
    ok = ok && environment_set(environment, "USER", user) && environment_set(environment, "LOGNAME", user) &&
         environment_set(environment, "HOME", connection->server->config.home) &&
         environment_set(environment, "SHELL", "/bin/sh") &&
         environment_set(environment, "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin") &&
         set_permitted(environment, permissions) && environment_set(environment, "SSH_CONNECTION", ends);
    ssh_permissions_free(permissions);
    return ok;
}

static bool start_process(struct session *session, const char *command)
{
    return set_environment(session) && process_start(&session->process, command, session->connection->server->config.home,
                                                     &session->pty, &session->environment);
}

/* Marks the channel's session as started; NULL if there is none or it is already. */
static struct session *begin(struct connection *connection, const ssh_channel_t *channel)
{
    struct session *session;
    bool ok;

    if (connection->server->config.no_exec || (session = session_find(connection, channel)) == NULL)
        return NULL;
    ok = !session->started;
    session->started = true;
    session_unlock(session);
    return ok ? session : NULL;
}

void session_abandon(struct session *session)
{
    session_lock(session);
    process_kill(&session->process);
    session_unlock(session);
    ssh_channel_close(session->channel);
}

static int32_t start(struct connection *connection, ssh_ticket_t *ticket, const ssh_channel_t *channel, const char *command)
{
    bool echo = connection->server->config.echo;
    struct session *session = begin(connection, channel);

    if (session == NULL)
        return SSH_REQUEST_REFUSED;
    if (session->channel == NULL)
        session->channel = connection_take_channel(connection, session->id);
    if (session->channel == NULL || (!echo && !start_process(session, command))) {
        session_free(session);
        return SSH_REQUEST_REFUSED;
    }
    report_progress("running %s", command == NULL ? "a shell" : "a command");
    /* The reply first: what the command prints must come behind it. */
    ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED);
    if (!(echo ? serve_echo(session, command) : serve_process(session))) {
        session_abandon(session);
        session_free(session);
    }
    return SSH_HOOK_PENDING;
}

static int32_t on_shell(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel)
{
    return start(user_data, ticket, channel, NULL);
}

static int32_t on_exec(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command,
                       size_t command_len)
{
    /* A shell could be told only the part before a NUL, which nobody asked for. */
    return strlen(command) == command_len ? start(user_data, ticket, channel, command) : SSH_REQUEST_REFUSED;
}

/* Subsystem=name command */
static int32_t on_subsystem(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *name)
{
    struct connection *connection = user_data;
    const struct text_list *subsystems = &connection->server->config.subsystems;
    size_t len = strlen(name), i;

    for (i = 0; i < subsystems->count; i++) {
        const char *row = subsystems->items[i];

        /* The whole name: "sftp /usr/bin" begins the row like "sftp", too. */
        if (strcspn(row, " \t") == len && row[len] != '\0' && strncmp(row, name, len) == 0)
            return start(connection, ticket, channel, row + len + strspn(row + len, " \t"));
    }
    return SSH_REQUEST_REFUSED;
}

/* ---- requests while it runs ---- */

static int32_t on_window_change(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, uint32_t width,
                                uint32_t height, uint32_t width_pixels, uint32_t height_pixels)
{
    struct session *session = session_find(user_data, channel);

    (void)ticket;
    if (session == NULL)
        return SSH_REQUEST_REFUSED;
    session->pty.size = (struct terminal_size){width, height, width_pixels, height_pixels};
    process_resize(&session->process, session->pty.size);
    session_unlock(session);
    return SSH_REQUEST_GRANTED;
}

static int32_t on_signal(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *signal)
{
    struct session *session = session_find(user_data, channel);
    int number = signal_number(signal);

    (void)ticket;
    if (session == NULL)
        return SSH_REQUEST_REFUSED;
    if (number != 0)
        process_signal(&session->process, number);
    session_unlock(session);
    return number != 0 ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static int32_t on_break(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, uint32_t milliseconds)
{
    struct session *session = session_find(user_data, channel);
    bool ok;

    (void)ticket, (void)milliseconds;
    if (session == NULL)
        return SSH_REQUEST_REFUSED;
    ok = session->process.has_terminal && tcsendbreak(session->process.output, 0) == 0;
    session_unlock(session);
    return ok ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

void session_hooks(ssh_server_hooks_t *hooks)
{
    hooks->check_channel_request = on_channel;
    hooks->check_channel_env_request = on_env;
    hooks->check_channel_pty_request = on_pty;
    hooks->check_channel_shell_request = on_shell;
    hooks->check_channel_exec_request = on_exec;
    hooks->check_channel_subsystem_request = on_subsystem;
    hooks->check_channel_window_change_request = on_window_change;
    hooks->check_channel_signal_request = on_signal;
    hooks->check_channel_break_request = on_break;
}
