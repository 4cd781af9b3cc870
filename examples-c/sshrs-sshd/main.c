/* sshrs-sshd: an SSH server on libsshrs. Reads the command line, listens, and serves until SIGTERM or SIGINT. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "report.h"
#include "server.h"

/* The signal handler's: a pipe whose other end the server polls. */
static int stop_pipe[2];

static void ask_to_stop(int number)
{
    int saved = errno;
    ssize_t ignored = write(stop_pipe[1], "", 1);

    (void)number, (void)ignored;
    errno = saved;
}

static bool watch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = ask_to_stop;
    action.sa_flags = SA_RESTART;
    if (pipe(stop_pipe) != 0 || fcntl(stop_pipe[0], F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(stop_pipe[1], F_SETFD, FD_CLOEXEC) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
        sigaction(SIGINT, &action, NULL) != 0) {
        report_error("watching for signals", strerror(errno), NULL);
        return false;
    }
    /* Writing to a command that no longer reads is an error like others. */
    signal(SIGPIPE, SIG_IGN);
    return true;
}

/* Started without them, the first descriptors opened would be these, and be taken for a command's own. */
static bool fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd >= 0 && close(fd) == 0;
}

static int serve(struct server *server)
{
    int status = EXIT_OWN_FAILURE;

    if (server_open(server)) {
        printf("listening on %s\n", server->address);
        if (fflush(stdout) == 0) {
            server_run(server, stop_pipe[0]);
            status = EXIT_SUCCESS;
        }
    }
    server_close(server);
    return status;
}

int main(int argc, char **argv)
{
    static struct server server;
    int status = EXIT_OWN_FAILURE;

    (void)argc;
    report_start("sshrs-sshd", REPORT_INFO);
    if (fill_standard_descriptors() && config_read(&server.config, argv)) {
        report_start("sshrs-sshd", (enum report_level)server.config.log_level);
        if (server.config.print_help)
            status = fputs(CONFIG_HELP, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
        else if (watch_signals())
            status = serve(&server);
    }
    options_release_kept();
    return status;
}
