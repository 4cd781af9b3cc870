/* Walks a command line of short options that may be joined ("-Nvp 22", "-p22") and long ones ("--name VALUE"). */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>

#define ARGUMENTS_END 0  /* no more options here: what follows is a plain argument, or nothing */
#define ARGUMENTS_LONG 1 /* a long option; its name is in `name` */

struct arguments {
    char **rest;         /* arguments not looked at yet, ended by NULL */
    const char *cluster; /* what follows in a group of short options */
    char name[32];       /* a long option's name, without dashes */
    bool only_plain;     /* "--" was seen */
};

/* The next option's letter, ARGUMENTS_LONG or ARGUMENTS_END. */
int arguments_next(struct arguments *arguments);

/* The value of the option just met: what follows it, or the next argument; NULL if there is none. */
const char *arguments_value(struct arguments *arguments);

/* The next plain argument, NULL if there is none. */
const char *arguments_plain(struct arguments *arguments);

#endif
