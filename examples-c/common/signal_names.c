#include "signal_names.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    int number;
} SIGNALS[] = {
    {"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"BUS", SIGBUS},   {"FPE", SIGFPE},   {"HUP", SIGHUP},
    {"ILL", SIGILL},   {"INT", SIGINT},   {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"QUIT", SIGQUIT},
    {"SEGV", SIGSEGV}, {"SYS", SIGSYS},   {"TERM", SIGTERM}, {"TRAP", SIGTRAP}, {"USR1", SIGUSR1},
    {"USR2", SIGUSR2}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
};

#define SIGNALS_COUNT (sizeof SIGNALS / sizeof SIGNALS[0])

int signal_number(const char *name)
{
    size_t i;

    for (i = 0; i < SIGNALS_COUNT; i++)
        if (strcmp(SIGNALS[i].name, name) == 0)
            return SIGNALS[i].number;
    return 0;
}

const char *signal_name(int number)
{
    size_t i;

    for (i = 0; i < SIGNALS_COUNT; i++)
        if (SIGNALS[i].number == number)
            return SIGNALS[i].name;
    return NULL;
}
