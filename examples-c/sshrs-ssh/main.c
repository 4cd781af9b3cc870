/* sshrs-ssh: an SSH client on libsshrs. Reads the command line, connects, runs what was asked for, and says how it ended. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "connect.h"
#include "report.h"
#include "session.h"
#include "signals.h"
#include "terminal.h"

static int print_config(struct cli *cli)
{
    if (!connect_resolve_algorithms(&cli->options))
        return EXIT_OWN_FAILURE;
    options_print(&cli->options, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
}

static int connect_and_run(const struct cli *cli)
{
    struct connection connection = {0};
    int status = EXIT_OWN_FAILURE;

    if (connect_open(&cli->options, &connection))
        status = session_run(cli, connect_transport(&connection));
    connect_close(&connection);
    return status;
}

int main(int argc, char **argv)
{
    struct cli cli;
    int status = EXIT_OWN_FAILURE;

    (void)argc;
    report_start("sshrs-ssh", REPORT_INFO);
    if (!cli_parse(&cli, argv))
        return EXIT_OWN_FAILURE;
    if (cli.print_help) {
        fputs(CLI_HELP, stdout);
        fputs(OPTIONS_HELP, stdout);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
    }
    /* Before the log starts: the library's threads must be born with the signals blocked. */
    if (!signals_start())
        return EXIT_OWN_FAILURE;
    report_start("sshrs-ssh", (enum report_level)cli.options.log_level);
    status = cli.print_config ? print_config(&cli) : connect_and_run(&cli);
    terminal_restore();
    free(cli.command);
    return status;
}
