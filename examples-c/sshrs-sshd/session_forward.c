#define _GNU_SOURCE /* pipe2 */
#include "session_forward.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd_io.h"
#include "listener.h"
#include "report.h"
#include "session.h"

/* As sshd's X11DisplayOffset; displays below are those of real screens. */
#define FIRST_DISPLAY 10
#define LAST_DISPLAY 999
#define X11_PORT 6000

extern char **environ;

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
    if (session == NULL || session->forward.agent != NULL || connection->restrictions.no_agent_forwarding ||
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
static bool run_xauth(const char *file, const char *commands)
{
    char *arguments[] = {"xauth", "-q", "-f", (char *)file, "-", NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], status = -1, error;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    error = posix_spawnp(&pid, "xauth", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (error == 0)
        fd_write_all(ends[1], commands, strlen(commands));
    close(ends[1]);
    if (error != 0) {
        report_progress("X11 forwarding was refused: xauth: %s", strerror(error));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

/* The first display that nobody else has. */
static int bind_display(int *display)
{
    int fd = -1;

    errno = EADDRINUSE;
    for (*display = FIRST_DISPLAY; fd < 0 && errno == EADDRINUSE && *display <= LAST_DISPLAY; ++*display) {
        uint32_t port = (uint32_t)(X11_PORT + *display);

        fd = acceptor_bind_port(false, &port);
    }
    --*display;
    return fd;
}

/* The command's side: where the display is, and the cookie for it. */
static bool tell_command(struct session *session, int display, uint32_t screen, const char *protocol, const char *cookie)
{
    char file[64], name[64], commands[640];

    if (!private_path(&session->forward, "xauthority", file, sizeof file))
        return false;
    /* Xlib looks "localhost" up as the local host's name. */
    snprintf(commands, sizeof commands, "add unix:%d.%u %s %s\n", display, (unsigned)screen, protocol, cookie);
    snprintf(name, sizeof name, "localhost:%d.%u", display, (unsigned)screen);
    return run_xauth(file, commands) && environment_set(&session->environment, "DISPLAY", name) &&
           environment_set(&session->environment, "XAUTHORITY", file);
}

static int32_t on_x11(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, bool single_connection,
                      const char *auth_protocol, const char *auth_cookie, uint32_t screen)
{
    struct connection *connection = user_data;
    struct session *session = find_new(connection, channel);
    struct purpose purpose = {"x11", "", 0, single_connection};
    int fd, display;

    (void)ticket;
    if (session == NULL || session->forward.display != NULL || connection->restrictions.no_x11_forwarding ||
        !is_plain(auth_protocol) || !is_plain(auth_cookie))
        return SSH_REQUEST_REFUSED;
    fd = bind_display(&display);
    if (fd < 0)
        return SSH_REQUEST_REFUSED;
    if (!tell_command(session, display, screen, auth_protocol, auth_cookie)) {
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
