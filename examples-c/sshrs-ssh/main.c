/* sshrs-ssh: an SSH client on libsshrs. Reads the command line, connects, runs what was asked for, and says how it ended. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "connect.h"
#include "forwards.h"
#include "report.h"
#include "session.h"
#include "signals.h"
#include "terminal.h"

static int print_config(const struct cli *cli)
{
    return options_print(&cli->options, stdout) && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
}

static int connect_and_run(const struct cli *cli)
{
    struct connection connection = {0};
    struct forwards *forwards = NULL;
    int status = EXIT_OWN_FAILURE;

    if (connect_open(&cli->options, &connection))
        forwards = forwards_start(cli, connect_transport(&connection));
    if (forwards != NULL)
        status = session_run(cli, connect_transport(&connection), forwards);
    forwards_end(forwards);
    connect_close(&connection);
    return status;
}

/* Started with stdin, stdout or stderr closed, a socket could get that number, and its bytes would be taken for input. */
static void fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static int print_help(void)
{
    fputs(CLI_HELP, stdout);
    fputs(OPTIONS_HELP, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
}

static int run(struct cli *cli)
{
    if (cli->print_help)
        return print_help();
    /* Before the log starts: the library's threads must be born with the signals blocked. */
    if (!signals_start(forwards_remove_paths))
        return EXIT_OWN_FAILURE;
    report_start("sshrs-ssh", (enum report_level)cli->options.log_level);
    return cli->print_config ? print_config(cli) : connect_and_run(cli);
}

int main(int argc, char **argv)
{
    struct cli cli;
    int status = EXIT_OWN_FAILURE;

    (void)argc;
    fill_standard_descriptors();
    report_start("sshrs-ssh", REPORT_INFO);
    if (cli_parse(&cli, argv))
        status = run(&cli);
    terminal_restore();
    options_free(&cli.options);
    options_release_kept();
    return status;
}
