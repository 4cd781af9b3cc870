#include "proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "options.h"
#include "report.h"

#define MAX_COMMAND 8192

/* How long one that loses its connection may take to end by itself, and one that is told to end. */
#define END_MS 1000

/* ---- the command's text ---- */

/* The shell reads the text: what comes from a host or user name must mean nothing to it. */
static bool is_harmless(const char *text)
{
    const char *c;

    for (c = text; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == '\177' || strchr("'`\"$\\;&<>|(){}*?[]!#~", *c) != NULL)
            return false;
    return *text != '-' && *text != '\0'; /* nor be an option of the command's */
}

/* NULL: there is no such token. */
static const char *value_of(char token, const struct proxy_target *target, char port[16])
{
    switch (token) {
    case '%': return "%";
    case 'h': return target->host;
    case 'n': return target->typed;
    case 'p': snprintf(port, 16, "%d", target->port); return port;
    case 'r': return target->user;
    default: return NULL;
    }
}

static bool refuse(const char *what, const char *why, const char *help)
{
    report_error(what, why, help);
    return false;
}

/* "exec" spares a shell that only waits, and lets the signal at the end reach the command. */
static bool expand(const char *command, const struct proxy_target *target, char out[MAX_COMMAND])
{
    size_t len = (size_t)sprintf(out, "exec ");
    char port[16];

    for (; *command != '\0'; command++) {
        const char *value = NULL;
        size_t value_len = 1;

        if (*command == '%') {
            value = value_of(command[1], target, port);
            if (value == NULL)
                return refuse("ProxyCommand", "an unknown token", "there are %h, %n, %p, %r, and %% for a percent sign");
            if (command[1] != '%' && !is_harmless(value))
                return refuse(value, "not put into ProxyCommand: the shell would take it for more than a name", NULL);
            value_len = strlen(value);
        }
        if (len + value_len >= MAX_COMMAND)
            return refuse("ProxyCommand", "too long", NULL);
        memcpy(out + len, value != NULL ? value : command, value_len);
        len += value_len;
        command += value != NULL;
    }
    out[len] = '\0';
    return true;
}

/* ---- the process ---- */

int proxy_start(const char *command, const struct proxy_target *target, pid_t *process)
{
    const char *shell = getenv("SHELL");
    char text[MAX_COMMAND];
    const char *arguments[] = {shell == NULL || *shell == '\0' ? "/bin/sh" : shell, "-c", text, NULL};
    int ends[2], errors;

    if (!expand(command, target, text))
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        report_error("starting the proxy command", strerror(errno), NULL);
        return -1;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    report_progress("running the proxy command: %s", text + strlen("exec "));
    errors = report_current_level() == REPORT_QUIET ? -1 : STDERR_FILENO;
    *process = command_start(arguments, ends[1], ends[1], errors);
    close(ends[1]);
    if (*process >= 0)
        return ends[0];
    report_error(arguments[0], strerror(errno), "the proxy command is run by the shell that SHELL names");
    close(ends[0]);
    return -1;
}

bool proxy_has_ended(pid_t process)
{
    int status = 0;
    char how[32], what[64];

    if (!command_wait(process, END_MS, &status))
        return false;
    if (status != 0) {
        command_name_end(status, how, sizeof how);
        snprintf(what, sizeof what, "the proxy command ended with %s", how);
        report_error(what, "there is no connection to the server without it", "try it by itself; -v prints it");
    }
    return true;
}

void proxy_end(pid_t process)
{
    int status;

    /* It has read its end of file; OpenSSH is as impatient. */
    kill(process, SIGHUP);
    if (!command_wait(process, END_MS, &status)) {
        kill(process, SIGKILL);
        command_wait(process, -1, &status);
    }
}
