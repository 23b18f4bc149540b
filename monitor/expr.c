// SPDX-License-Identifier: GPL-2.0-or-later
// HMP's expressions: 64-bit integers (decimal, 0x…, 0…, 'c'), $registers, ~ - + * / % & | ^ and parentheses.
//
// From loose to tight: & | ^, then + -, then * / %, then the signs; all from left to right.
#include "monitor/command.h"

#include <errno.h>
#include <string.h>

enum { EXPR_DEPTH = 100 };

typedef struct Expr {
    const char *at;
    ExprRegister *reg;
    void *ctx;
    Error *err;
    unsigned depth; // of parentheses and signs
} Expr;

static bool expr_any(Expr *expr, int64_t *value);

static void skip_space(Expr *expr)
{
    while (g_ascii_isspace(*expr->at)) {
        expr->at++;
    }
}

static bool expr_register(Expr *expr, int64_t *value)
{
    char name[64];
    unsigned len = 0;
    expr->at++;
    while ((g_ascii_isalnum(*expr->at) || strchr("_.:", *expr->at)) && *expr->at) {
        if (len < sizeof(name) - 1) {
            name[len++] = *expr->at;
        }
        expr->at++;
    }
    name[len] = '\0';
    uint64_t reg = 0;
    if (expr->reg && !expr->reg(expr->ctx, name, &reg)) {
        return fail(expr->err, "unknown register");
    }
    *value = (int64_t)reg;
    return true;
}

static bool expr_number(Expr *expr, int64_t *value)
{
    char *end;
    errno = 0;
    guint64 number = g_ascii_strtoull(expr->at, &end, 0);
    if (errno == ERANGE) {
        return fail(expr->err, "number too large");
    }
    expr->at = end;
    *value = (int64_t)number;
    return true;
}

static bool expr_unary(Expr *expr, int64_t *value)
{
    skip_space(expr);
    char ch = *expr->at;
    if (ch == '-' || ch == '+' || ch == '~' || ch == '(') {
        if (++expr->depth > EXPR_DEPTH) {
            return fail(expr->err, "expression too deep");
        }
        expr->at++;
        if (!(ch == '(' ? expr_any(expr, value) : expr_unary(expr, value))) {
            return false;
        }
        expr->depth--;
        if (ch == '(') {
            if (*expr->at != ')') {
                return fail(expr->err, "')' expected");
            }
            expr->at++;
        } else if (ch != '+') {
            *value = ch == '-' ? -*value : ~*value;
        }
    } else if (ch == '\'') {
        *value = (uint8_t)expr->at[1];
        if (!expr->at[1] || expr->at[2] != '\'') {
            return fail(expr->err, "missing terminating ' character");
        }
        expr->at += 3;
    } else if (ch == '$') {
        if (!expr_register(expr, value)) {
            return false;
        }
    } else if (g_ascii_isdigit(ch)) {
        if (!expr_number(expr, value)) {
            return false;
        }
    } else if (ch == '\0') {
        return fail(expr->err, "unexpected end of expression");
    } else {
        return fail(expr->err, "invalid char '%c' in expression", ch);
    }
    skip_space(expr);
    return true;
}

static bool expr_apply(Expr *expr, char op, int64_t *value, int64_t right)
{
    switch (op) {
    case '*': *value *= right; return true;
    case '+': *value += right; return true;
    case '-': *value -= right; return true;
    case '&': *value &= right; return true;
    case '|': *value |= right; return true;
    case '^': *value ^= right; return true;
    }
    if (right == 0) {
        if (!expr->reg) { // only the syntax matters yet
            *value = 0;
            return true;
        }
        return fail(expr->err, "division by zero");
    }
    if (right == -1) { // the one quotient that doesn't fit wraps
        *value = op == '/' ? -*value : 0;
    } else {
        *value = op == '/' ? *value / right : *value % right;
    }
    return true;
}

// "16 /tmp/x" is an integer and a file, not a division.
static bool is_path(const char *at)
{
    return *at == '/' && g_ascii_isspace(at[-1]) && g_ascii_isalpha(at[1]);
}

static bool expr_level(Expr *expr, unsigned level, int64_t *value)
{
    static const char *const operators[] = {"&|^", "+-", "*/%"};
    if (level == G_N_ELEMENTS(operators)) {
        return expr_unary(expr, value);
    }
    if (!expr_level(expr, level + 1, value)) {
        return false;
    }
    while (*expr->at && strchr(operators[level], *expr->at) && !is_path(expr->at)) {
        char op = *expr->at++;
        int64_t right;
        if (!expr_level(expr, level + 1, &right) || !expr_apply(expr, op, value, right)) {
            return false;
        }
    }
    return true;
}

static bool expr_any(Expr *expr, int64_t *value) { return expr_level(expr, 0, value); }

bool expr_eval(const char **at, ExprRegister *reg, void *ctx, int64_t *value, Error *err)
{
    Expr expr = {.at = *at, .reg = reg, .ctx = ctx, .err = err};
    bool ok = expr_any(&expr, value);
    *at = expr.at;
    return ok;
}
