#include "session_forward.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "listener.h"
#include "report.h"
#include "session.h"

/* So many are tried, from X11DisplayOffset on. */
#define MAX_DISPLAYS 1000
#define X11_PORT 6000

/* The session of a channel on which nothing runs yet: the hooks', which run one after the other. */
static struct session *find_new(struct connection *connection, const ssh_channel_t *channel)
{
    struct session *session = session_find(connection, channel);
    bool ok;

    if (session == NULL)
        return NULL;
    ok = !session->started;
    pthread_mutex_unlock(&connection->lock);
    return ok ? session : NULL;
}

/* "dir/name", in a directory made on first use; false, and reported, if that fails. */
static bool private_path(struct session_forward *forward, const char *name, char *out, size_t size)
{
    if (forward->dir[0] == '\0') {
        strcpy(forward->dir, "/tmp/sshrs-sshd-XXXXXX");
        if (mkdtemp(forward->dir) == NULL) {
            report_error(forward->dir, strerror(errno), NULL);
            forward->dir[0] = '\0';
            return false;
        }
    }
    snprintf(out, size, "%s/%s", forward->dir, name);
    return true;
}

/* ---- the agent ---- */

static int32_t on_agent(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel)
{
    struct connection *connection = user_data;
    struct session *session = find_new(connection, channel);
    struct purpose purpose = {"auth-agent@openssh.com", "", 0, false};
    char path[64];
    int fd;

    (void)ticket;
    if (session == NULL || session->forward.agent != NULL ||
        !private_path(&session->forward, "agent", path, sizeof path))
        return SSH_REQUEST_REFUSED;
    fd = acceptor_bind_path(path);
    if (fd < 0) {
        report_error(path, strerror(errno), NULL);
        return SSH_REQUEST_REFUSED;
    }
    session->forward.agent = listener_new(connection, fd, &purpose, path);
    if (session->forward.agent == NULL || !environment_set(&session->environment, "SSH_AUTH_SOCK", path))
        return SSH_REQUEST_REFUSED;
    listener_go(session->forward.agent);
    return SSH_REQUEST_GRANTED;
}

/* ---- the display ---- */

/* What may stand in a line for xauth, as sshd has it. */
static bool is_plain(const char *text)
{
    if (*text == '\0' || strlen(text) > 256)
        return false;
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr(".:/-_", *text) == NULL)
            return false;
    return true;
}

/* Runs xauth on a file; the commands, with the secret in them, go through its standard input. */
static bool run_xauth(const char *program, const char *file, const char *commands)
{
    const char *arguments[] = {program, "-q", "-f", file, "-", NULL};

    if (command_run(arguments, commands, NULL, 0))
        return true;
    report_progress("X11 forwarding was refused: %s: %s", program, errno == 0 ? "it failed" : strerror(errno));
    return false;
}

/* The first display that nobody else has. */
static int bind_display(int first, int *display)
{
    int fd = -1;

    errno = EADDRINUSE;
    for (*display = first; fd < 0 && errno == EADDRINUSE && *display < first + MAX_DISPLAYS; ++*display) {
        uint32_t port = (uint32_t)(X11_PORT + *display);

        fd = acceptor_bind_port(false, &port);
    }
    --*display;
    return fd;
}

/* The command's side: where the display is, and the cookie for it. */
static bool tell_command(struct session *session, const char *xauth, int display, uint32_t screen, const char *protocol,
                         const char *cookie)
{
    char file[64], name[64], commands[640];

    if (!private_path(&session->forward, "xauthority", file, sizeof file))
        return false;
    /* Xlib looks "localhost" up as the local host's name. */
    snprintf(commands, sizeof commands, "add unix:%d.%u %s %s\n", display, (unsigned)screen, protocol, cookie);
    snprintf(name, sizeof name, "localhost:%d.%u", display, (unsigned)screen);
    return run_xauth(xauth, file, commands) && environment_set(&session->environment, "DISPLAY", name) &&
           environment_set(&session->environment, "XAUTHORITY", file);
}

static int32_t on_x11(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, bool single_connection,
                      const char *auth_protocol, const char *auth_cookie, uint32_t screen)
{
    struct connection *connection = user_data;
    struct session *session = find_new(connection, channel);
    struct purpose purpose = {"x11", "", 0, single_connection};
    const struct config *config = &connection->server->config;
    int fd, display;

    (void)ticket;
    if (session == NULL || session->forward.display != NULL ||
        !is_plain(auth_protocol) || !is_plain(auth_cookie))
        return SSH_REQUEST_REFUSED;
    fd = bind_display(config->x11_display_offset, &display);
    if (fd < 0)
        return SSH_REQUEST_REFUSED;
    if (!tell_command(session, config->xauth_location, display, screen, auth_protocol, auth_cookie)) {
        close(fd);
        return SSH_REQUEST_REFUSED;
    }
    session->forward.display = listener_new(connection, fd, &purpose, NULL);
    if (session->forward.display == NULL)
        return SSH_REQUEST_REFUSED;
    listener_go(session->forward.display);
    return SSH_REQUEST_GRANTED;
}

/* ---- all of it ---- */

void session_forward_hooks(const struct server *server, ssh_server_hooks_t *hooks)
{
    if (server->config.allow_agent_forwarding)
        hooks->check_channel_forward_agent_request = on_agent;
    if (server->config.x11_forwarding)
        hooks->check_channel_x11_request = on_x11;
}

void session_forward_end(struct connection *connection, struct session_forward *forward)
{
    static const struct session_forward NONE;
    static const char *const FILES[] = {"xauthority", "xauthority-c", "xauthority-l"}; /* and its locks */
    struct session_forward mine;
    char path[64];
    size_t i;

    pthread_mutex_lock(&connection->lock);
    mine = *forward;
    *forward = NONE;
    pthread_mutex_unlock(&connection->lock);
    listener_free(mine.agent);
    listener_free(mine.display);
    if (mine.dir[0] == '\0')
        return;
    for (i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", mine.dir, FILES[i]);
        unlink(path);
    }
    rmdir(mine.dir);
}
