#define _GNU_SOURCE /* pipe2, ptsname_r */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

bool environment_set(struct environment *environment, const char *name, const char *value)
{
    size_t name_len = strlen(name), size = name_len + strlen(value) + 2, i = 0;
    char *item = malloc(size);

    if (item == NULL)
        return false;
    snprintf(item, size, "%s=%s", name, value);
    while (i < environment->count && strncmp(environment->items[i], item, name_len + 1) != 0)
        i++;
    if (i == ENVIRONMENT_MAX) {
        free(item);
        return false;
    }
    environment->count += i == environment->count;
    free(environment->items[i]);
    environment->items[i] = item;
    return true;
}

void environment_clear(struct environment *environment)
{
    while (environment->count > 0) {
        free(environment->items[--environment->count]);
        environment->items[environment->count] = NULL;
    }
}

/* ---- starting ---- */

/* The child's ends. */
struct child_fds {
    int input, output, errors;
};

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Between fork and exec only calls that are safe in a signal handler: other threads may hold any lock. Signals are blocked on
 * entry: our handler must not run in the child, whose stop pipe is the server's. */
static void run_child(const struct child_fds *fds, bool has_terminal, const char *directory, char *const *arguments,
                      char *const *environment)
{
    static const int DEFAULTED[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    sigset_t none;
    size_t i;

    setsid();
    if (has_terminal)
        ioctl(fds->input, TIOCSCTTY, 0);
    for (i = 0; i < sizeof DEFAULTED / sizeof DEFAULTED[0]; i++)
        signal(DEFAULTED[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* dup2 leaves out close-on-exec, which all our other descriptors have. */
    if (dup2(fds->input, STDIN_FILENO) < 0 || dup2(fds->output, STDOUT_FILENO) < 0 || dup2(fds->errors, STDERR_FILENO) < 0)
        _exit(EXIT_OWN_FAILURE);
    if (chdir(directory) != 0)
        (void)!chdir("/");
    execve(arguments[0], arguments, environment);
    _exit(127);
}

static void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static bool open_pipes(struct process *process, struct child_fds *child)
{
    int ends[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    size_t i;

    for (i = 0; i < 3; i++) {
        if (pipe2(ends[i], O_CLOEXEC) != 0) {
            while (i-- > 0) {
                close(ends[i][0]);
                close(ends[i][1]);
            }
            return false;
        }
    }
    child->input = ends[0][0], process->input = ends[0][1];
    process->output = ends[1][0], child->output = ends[1][1];
    process->errors = ends[2][0], child->errors = ends[2][1];
    set_nonblocking(process->input);
    return true;
}

static bool open_terminal(struct process *process, struct child_fds *child, const struct pty_request *pty,
                          struct environment *environment)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), second = -1, slave = -1;
    char name[128];

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, sizeof name) != 0 ||
        (second = fcntl(master, F_DUPFD_CLOEXEC, 0)) < 0 ||
        !environment_set(environment, "SSH_TTY", name) || (slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
        close_if_open(second);
        close_if_open(master);
        return false;
    }
    set_nonblocking(master);
    process->input = second;
    process->output = master;
    process->errors = -1;
    process->has_terminal = true;
    process_resize(process, pty->size);
    terminal_apply_modes(slave, pty->modes, pty->modes_len);
    child->input = child->output = child->errors = slave;
    return true;
}

static void close_child(const struct child_fds *child)
{
    close(child->input);
    if (child->output != child->input)
        close(child->output);
    if (child->errors != child->input)
        close(child->errors);
}

/* In the child it does not return. */
static pid_t start_child(const struct child_fds *fds, bool has_terminal, const char *directory, char *const *arguments,
                         char *const *environment)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        run_child(fds, has_terminal, directory, arguments, environment);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

bool process_start(struct process *process, const char *command, const char *directory, const struct pty_request *pty,
                   struct environment *environment)
{
    char *login_shell[] = {"/bin/sh", "-l", NULL};
    char *shell_command[] = {"/bin/sh", "-c", (char *)command, NULL};
    struct child_fds child;

    if (!(pty->wanted ? open_terminal(process, &child, pty, environment) : open_pipes(process, &child))) {
        report_error("starting a command", strerror(errno), NULL);
        return false;
    }
    process->pid = start_child(&child, pty->wanted, directory, command == NULL ? login_shell : shell_command, environment->items);
    close_child(&child);
    if (process->pid > 0)
        return true;
    report_error("starting a command", strerror(errno), "raise the limit on processes");
    process->pid = 0;
    process_close_input(process);
    process_close_output(process);
    return false;
}

/* ---- running ---- */

void process_resize(const struct process *process, struct terminal_size size)
{
    struct winsize window = {0};

    window.ws_col = (unsigned short)size.cols;
    window.ws_row = (unsigned short)size.rows;
    window.ws_xpixel = (unsigned short)size.width_px;
    window.ws_ypixel = (unsigned short)size.height_px;
    if (process->has_terminal && process->output >= 0)
        ioctl(process->output, TIOCSWINSZ, &window);
}

void process_signal(const struct process *process, int number)
{
    /* The group exists once the child has made it; until then there is the child alone. */
    if (process->pid > 0 && kill(-process->pid, number) != 0)
        kill(process->pid, number);
}

void process_kill(struct process *process)
{
    process_signal(process, SIGKILL);
    while (process->pid > 0 && waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    process->pid = 0;
    process_close_input(process);
    process_close_output(process);
}

void process_close_input(struct process *process)
{
    close_if_open(process->input);
    process->input = -1;
}

void process_close_output(struct process *process)
{
    close_if_open(process->output);
    close_if_open(process->errors);
    process->output = process->errors = -1;
}
