#define _GNU_SOURCE /* pipe2 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fd_io.h"

extern char **environ;

/* ---- starting ---- */

static int set_descriptor(posix_spawn_file_actions_t *actions, int from, int to)
{
    if (from >= 0)
        return posix_spawn_file_actions_adddup2(actions, from, to);
    return posix_spawn_file_actions_addopen(actions, to, "/dev/null", to == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
}

/* Our threads block signals, and we ignore SIGPIPE: the program must inherit neither. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, defaulted;
    int error;

    sigemptyset(&none);
    sigemptyset(&defaulted);
    sigaddset(&defaulted, SIGPIPE);
    error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (error == 0)
        error = posix_spawnattr_setsigmask(attributes, &none);
    return error == 0 ? posix_spawnattr_setsigdefault(attributes, &defaulted) : error;
}

pid_t command_start(const char *const *arguments, int input, int output, int errors)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t process = -1;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    error = set_signals(&attributes);
    if (error == 0)
        error = set_descriptor(&actions, input, STDIN_FILENO);
    if (error == 0)
        error = set_descriptor(&actions, output, STDOUT_FILENO);
    if (error == 0)
        error = set_descriptor(&actions, errors, STDERR_FILENO);
    /* The program gets copies of the texts: the missing const is history. */
    if (error == 0)
        error = posix_spawnp(&process, arguments[0], &actions, &attributes, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    errno = error;
    return error == 0 ? process : -1;
}

/* ---- its end ---- */

bool command_wait(pid_t process, int timeout_ms, int *status)
{
    static const struct timespec PAUSE = {0, 10000000};
    int passed_ms = 0;
    pid_t ended;

    while ((ended = waitpid(process, status, timeout_ms < 0 ? 0 : WNOHANG)) != process) {
        if (ended < 0 && errno != EINTR)
            return false;
        if (timeout_ms >= 0 && passed_ms >= timeout_ms)
            return false;
        if (timeout_ms >= 0)
            nanosleep(&PAUSE, NULL);
        passed_ms += 10;
    }
    return true;
}

void command_name_end(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(out, size, "signal %d", WTERMSIG(status));
    else
        snprintf(out, size, "exit status %d", WEXITSTATUS(status));
}

/* ---- start to end ---- */

/* Reads to the end; what does not fit is dropped. */
static void read_all(int fd, char *out, size_t size)
{
    char rest[256];
    size_t len = 0;
    ssize_t n;

    do {
        bool fits = len + 1 < size;

        n = read(fd, fits ? out + len : rest, fits ? size - len - 1 : sizeof rest);
        if (n > 0 && fits)
            len += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (size > 0)
        out[len] = '\0';
}

bool command_run(const char *const *arguments, const char *input, char *output, size_t output_size)
{
    int in[2], out[2], status = -1, error;
    pid_t process;

    if (pipe2(in, O_CLOEXEC) != 0)
        return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    process = command_start(arguments, in[0], out[1], -1);
    error = errno;
    close(in[0]);
    close(out[1]);
    /* Short enough for the pipe: nobody waits for anybody. */
    if (process >= 0 && input != NULL)
        fd_write_all(in[1], input, strlen(input));
    close(in[1]);
    read_all(out[0], output, output_size);
    close(out[0]);
    if (process >= 0 && command_wait(process, -1, &status) && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    errno = process < 0 ? error : 0;
    return false;
}
