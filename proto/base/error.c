/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/base/error.h"

const char *error_text(int code)
{
    static const char *const text[] = {
#define X(name, words) words,
        PROTO_ERRORS(X)
#undef X
    };
    if (code == ERR_NONE)
        return "no error";
    if (code <= ERR_FIRST || code >= ERR_END)
        return "unknown error";
    return text[code - ERR_FIRST - 1];
}
