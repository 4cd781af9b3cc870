#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

const char CLI_HELP[] =
    "usage: sshrs-ssh [option...] [user@]host [command [argument...]]\n"
    "\n"
    "Logs in to an SSH server and runs a command there, or a shell. The exit status is the command's, 128 + the signal's\n"
    "number if a signal ended it, and 255 if sshrs-ssh itself failed.\n"
    "\n"
    "  -A                       let the server use the agent at SSH_AUTH_SOCK (-o ForwardAgent=yes)\n"
    "  -D [ADDRESS:]PORT        listen here as a SOCKS proxy; connections go out from the server\n"
    "  -G                       print the settings and exit\n"
    "  -L [ADDRESS:]PORT:HOST:HOSTPORT\n"
    "                           listen here; connections go on from the server to HOST\n"
    "  -N                       run nothing, only forward\n"
    "  -R [ADDRESS:]PORT:HOST:HOSTPORT\n"
    "                           have the server listen, on a port of its choice for 0; connections go on from here to HOST\n"
    "  -s                       the command is a subsystem's name\n"
    "  -t, -T                   ask for a terminal on the server (-tt: even if stdin is none), or never\n"
    "  -W HOST:PORT             connect stdin and stdout to HOST:PORT, seen from the server\n"
    "  -X, -x                   let programs use the display at DISPLAY (-o ForwardX11=yes), or not. They can do the\n"
    "                           display's other programs no harm, and connect for 20 minutes (-o ForwardX11Timeout)\n"
    "  -Y                       the same without these bounds (and -o ForwardX11Trusted=yes)\n"
    "  --help                   print this\n"
    "\n"
    "A path can stand for [ADDRESS:]PORT, and for HOST:HOSTPORT, in -L and -R: a Unix socket. Without ADDRESS only this host,\n"
    "or the server itself, can connect; * is every address. Forwards end with the command. One that cannot be set up ends the\n"
    "program only with -o ExitOnForwardFailure=yes.\n"
    "\n";

static bool unknown_option(const struct arguments *arguments, int letter)
{
    char option[40];

    if (letter == ARGUMENTS_LONG)
        snprintf(option, sizeof option, "--%s", arguments->name);
    else
        snprintf(option, sizeof option, "-%c", letter);
    report_error(option, "unknown option", "see --help");
    return false;
}

static bool set_relay(struct cli *cli, const char *value)
{
    if (value == NULL) {
        report_error("-W", "HOST:PORT is missing", "see --help");
        return false;
    }
    return options_split_host_port(value, 0, &cli->relay_host, &cli->relay_port);
}

/* What is one word here are two in the configuration. */
static bool set_forward(struct cli *cli, const char *key, enum forward_kind kind, const char *value)
{
    const char *words = value == NULL ? NULL : forward_spec_words(kind, value);

    return (value == NULL || words != NULL) && options_set_value(&cli->options, key, words);
}

/* Takes one option that only this program has. */
static bool take_own(struct cli *cli, struct arguments *arguments, int letter)
{
    switch (letter) {
    case 'G': cli->print_config = true; return true;
    case 'N': cli->no_session = true; return true;
    case 's': cli->is_subsystem = true; return true;
    case 'T': cli->tty = TTY_NO; return true;
    case 't': cli->tty = cli->tty == TTY_YES || cli->tty == TTY_FORCE ? TTY_FORCE : TTY_YES; return true;
    case 'W': return set_relay(cli, arguments_value(arguments));
    case 'A': return options_set_value(&cli->options, "ForwardAgent", "yes");
    case 'D': return set_forward(cli, "DynamicForward", FORWARD_DYNAMIC, arguments_value(arguments));
    case 'L': return set_forward(cli, "LocalForward", FORWARD_LOCAL, arguments_value(arguments));
    case 'R': return set_forward(cli, "RemoteForward", FORWARD_REMOTE, arguments_value(arguments));
    case 'x': return options_set_value(&cli->options, "ForwardX11", "no");
    case 'X': return options_set_value(&cli->options, "ForwardX11", "yes");
    case 'Y':
        return options_set_value(&cli->options, "ForwardX11", "yes") &&
               options_set_value(&cli->options, "ForwardX11Trusted", "yes");
    case ARGUMENTS_LONG:
        if (strcmp(arguments->name, "help") == 0) {
            cli->print_help = true;
            return true;
        }
        break;
    }
    return unknown_option(arguments, letter);
}

static bool take_options(struct cli *cli, struct arguments *arguments)
{
    int letter;

    while ((letter = arguments_next(arguments)) != ARGUMENTS_END) {
        enum options_taken taken = options_take(&cli->options, arguments, letter);

        if (taken == OPTIONS_WRONG || (taken == OPTIONS_NOT_MINE && !take_own(cli, arguments, letter)))
            return false;
    }
    return true;
}

/* The command's words with a space between them, as every SSH client sends them; NULL if there are none. */
static const char *join(char **words)
{
    size_t size = 0;
    char *joined, *kept, *end;
    char **word;

    for (word = words; *word != NULL; word++)
        size += strlen(*word) + 1;
    joined = size == 0 ? NULL : malloc(size);
    if (joined == NULL)
        return NULL;
    for (word = words, end = joined; *word != NULL; word++) {
        size_t len = strlen(*word);

        memcpy(end, *word, len);
        end += len;
        *end++ = ' ';
    }
    kept = options_keep(joined, size - 1); /* without the last space */
    free(joined);
    return kept;
}

static bool read_list(struct cli *cli, enum forward_kind kind, const struct text_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        if (!forward_spec_parse(&cli->forwards[cli->forward_count++], kind, list->items[i]))
            return false;
    return true;
}

static bool read_forwards(struct cli *cli)
{
    return read_list(cli, FORWARD_LOCAL, &cli->options.local_forwards) &&
           read_list(cli, FORWARD_REMOTE, &cli->options.remote_forwards) &&
           read_list(cli, FORWARD_DYNAMIC, &cli->options.dynamic_forwards);
}

static bool check_combination(const struct cli *cli)
{
    if (cli->is_subsystem && cli->command == NULL)
        report_error("-s", "the subsystem's name is missing", "give it after the host");
    else if (cli->no_session && cli->command != NULL)
        report_error("-N", "it runs no command, but one is given", NULL);
    else if (cli->relay_host != NULL && cli->command != NULL)
        report_error("-W", "it runs no command, but one is given", NULL);
    else
        return true;
    return false;
}

bool cli_parse(struct cli *cli, char **argv)
{
    struct arguments arguments = {0};
    const char *destination;

    memset(cli, 0, sizeof *cli);
    cli->tty = -1;
    options_init(&cli->options);
    arguments.rest = argv + (argv[0] != NULL);
    if (!take_options(cli, &arguments))
        return false;
    if (cli->print_help)
        return true;
    destination = arguments_plain(&arguments);
    if (destination == NULL) {
        report_error("reading the command line", "the host is missing", "see --help");
        return false;
    }
    /* Options may also stand between the host and the command. */
    if (!options_set_destination(&cli->options, destination) || !take_options(cli, &arguments))
        return false;
    cli->command = cli->options.command = join(arguments.rest);
    if (!options_finish(&cli->options) || (!cli->print_config && !read_forwards(cli)))
        return false;
    if (cli->tty >= 0)
        cli->options.request_tty = cli->tty;
    return check_combination(cli);
}
