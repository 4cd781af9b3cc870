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
    int input;  /* -1 when closed; with a terminal all three are its master */
    int output;
    int errors; /* -1 with a terminal */
    bool has_terminal;
};

/* Runs `/bin/sh -c command`, or a login shell where command is NULL. Reports what fails and returns false. */
bool process_start(struct process *process, const char *command, const struct pty_request *pty,
                   struct environment *environment);

void process_resize(const struct process *process, struct terminal_size size);

/* To the whole group. */
void process_signal(const struct process *process, int number);

/* The end of the client: what a terminal that is hung up means to its processes. */
void process_hang_up(struct process *process);

/* Closes what of the three is open. */
void process_close_input(struct process *process);
void process_close(struct process *process);

#endif
