/* Commands as real processes, with a terminal or with pipes. */
#ifndef PROCESS_H
#define PROCESS_H

#include <sshrs.h>
#include <stdbool.h>
#include <sys/types.h>

#include "terminal.h"

#define ENVIRONMENT_MAX 160

/* "NAME=value", ended by NULL as execve wants it. */
struct environment {
    char *items[ENVIRONMENT_MAX + 1];
    size_t count;
};

/* Sets or replaces; false without room for it. */
bool environment_set(struct environment *environment, const char *name, const char *value);
void environment_clear(struct environment *environment);

/* What a "pty-req" asked for. */
struct pty_request {
    bool wanted;
    struct terminal_size size;
    uint8_t modes[1024];
    size_t modes_len;
};

struct process {
    pid_t pid;  /* leader of its own session and group; 0 once it is reaped */
    int input;  /* does not block; -1 when closed; with a terminal a second descriptor of its master */
    int output;
    int errors; /* -1 with a terminal */
    bool has_terminal;
};

/* Runs `/bin/sh -c command` in a directory, or a login shell where command is NULL. Reports what fails and returns false. */
bool process_start(struct process *process, const char *command, const char *directory, const struct pty_request *pty,
                   struct environment *environment);

void process_resize(const struct process *process, struct terminal_size size);

/* To the whole group. */
void process_signal(const struct process *process, int number);

/* Ends and reaps one that nobody serves. */
void process_kill(struct process *process);

/* Each closes what of its own is open. */
void process_close_input(struct process *process);
void process_close_output(struct process *process);

#endif
