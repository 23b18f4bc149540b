// SPDX-License-Identifier: GPL-2.0-or-later
// T1's driver: a pass that counts uses, a pass that emits; code memory, links.
//
// An op without native code becomes a call of T0's C function for it. A block that needs more than T1 has (frame slots, odd register slots) isn't
// compiled at all.
#include <glib.h>
#include <stdio.h>

#include "tcg/x86-emit.h"

// ---- one block ----

enum { COPIED_INSNS = 512 }; // longer blocks are emitted once

static void use(Emit *e, IrRef ref, IrRef by)
{
    Val *v = &e->val[ref];
    v->uses = (uint16_t)(v->uses + (v->uses < UINT16_MAX));
    v->last = by;
}

static bool emits_nothing(const Emit *e, IrRef ref)
{
    unsigned op = insn_at(e, ref)->op;
    return op == IR_CONST || op == IR_GETREG || op == IR_JOIN || (op == IR_CMP && e->val[ref].kind == V_DEFER);
}

static bool is_deferring(const Emit *e, IrRef ref, IrRef cmp)
{
    const IrInsn *insn = insn_at(e, ref);
    return (insn->op == IR_SELECT && !is_float_type(insn->type) && insn->a == cmp && insn->b != cmp && insn->c != cmp) ||
           (insn->op == IR_SKIP && insn->a == cmp);
}

// A comparison that only selects and skips right behind it use waits for them, and is done by each: flags needn't become a number.
static void defer_compare(Emit *e, IrRef cmp)
{
    const IrInsn *insn = insn_at(e, cmp);
    unsigned users = 0;
    IrRef ref = (IrRef)(cmp + 1), last = 0;
    for (; ref < e->block->nins && users < e->val[cmp].uses; ref++) {
        if (is_deferring(e, ref, cmp)) {
            users++;
            last = ref;
        } else if (!emits_nothing(e, ref) && insn_at(e, ref)->op != IR_SETREG) {
            return;
        }
    }
    if (users == 0 || users < e->val[cmp].uses) {
        return;
    }
    e->val[cmp].kind = V_DEFER;
    e->val[insn->a].last = last > e->val[insn->a].last ? last : e->val[insn->a].last;
    e->val[insn->b].last = last > e->val[insn->b].last ? last : e->val[insn->b].last;
}

static unsigned count_exits(const IrBlock *block)
{
    unsigned nexits = 0;
    for (IrRef ref = 1; ref < block->nins; ref++) {
        nexits += block->ins[ref].op == IR_EXITIF || block->ins[ref].op == IR_GOTO;
    }
    return nexits;
}

static bool has_access(const IrBlock *block)
{
    for (IrRef ref = 1; ref < block->nins; ref++) {
        if (block->ins[ref].op == IR_LD || block->ins[ref].op == IR_ST) {
            return true;
        }
    }
    return false;
}

static void count_uses(Emit *e)
{
    const IrBlock *block = e->block;
    for (IrRef ref = 1; ref < block->nins; ref++) {
        const IrInsn *insn = &block->ins[ref];
        e->val[ref].type = (uint8_t)ir_result_type(insn);
        const IrRef operands[3] = { insn->a, insn->b, insn->c };
        for (unsigned i = 0; i < 3; i++) {
            if (operands[i]) {
                use(e, operands[i], ref);
            }
        }
        if (ir_op_has(insn->op, 'S') && !site_follows(e, ref)) {
            const IrSnap *snap = &block->snaps[insn->snap];
            for (unsigned i = 0; i < snap->npending; i++) {
                use(e, block->pending[snap->first_pending + i].value, (IrRef)(ref + 1)); // spilled before a call
            }
        }
    }
    for (IrRef ref = 1; ref < block->nins; ref++) {
        const IrInsn *insn = &block->ins[ref];
        const IrInsn *b = &block->ins[insn->b];
        if (insn->op == IR_FCOPYSIGN && b->op == IR_FNEG && b->a == insn->a && e->val[insn->b].uses == 1) {
            e->val[insn->b].uses = 0; // made by the user itself
        }
        if (insn->op == IR_CMP) {
            defer_compare(e, ref);
        }
    }
    nan_count_uses(e);
}

static bool is_dead(const Emit *e, IrRef ref)
{
    unsigned op = insn_at(e, ref)->op;
    return e->val[ref].uses == 0 && (op == IR_GETREG || ir_op_has(op, 'P'));
}

static void emit_one(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    e->now = ref;
    e->locked = e->wanted = 0;
    if (is_dead(e, ref)) {
        return;
    }
    nan_before(e, ref);
    switch (insn->op) {
    case IR_INSN: emit_insn(e, ref); break;
    case IR_CONST:
        e->val[ref].kind = V_CONST;
        e->val[ref].imm = insn->type == IR_I32 ? (uint32_t)insn->imm : insn->imm;
        break;
    case IR_GETREG: emit_getreg(e, ref); break;
    case IR_SETREG: emit_setreg(e, ref); break;
    case IR_LD: case IR_ST: case IR_RMW: case IR_CAS: emit_memory(e, ref); break;
    case IR_CALL: emit_call(e, ref); break;
    case IR_EXITIF: case IR_GOTO: case IR_IJMP: case IR_EXIT: case IR_EXITPC: case IR_TRAP: emit_exit(e, ref); break;
    case IR_JOIN: break;
    case IR_SKIP: emit_skip(e, insn); break;
    default:
        if (!emit_int(e, ref) && !emit_fp(e, ref)) {
            nan_settle_operands(e, ref);
            emit_c_op(e, ref);
        }
        break;
    }
}

// FpEnv's settings are part of what a block's key stands for.
static void look_at_fp(Emit *e)
{
    const FpEnv *fp = &e->cpu->arch.fp;
    e->plain_fp = !fp->tininess_before && fp->nan_rule == FP_NAN_CANONICAL && fp->int_rule == FP_INT_SATURATE && !fp->ftz && !fp->daz &&
                  !fp->denormal_flag;
    e->plain_rounding = fp->rounding <= FP_RUP;
}

// The block's one conditional jump to its own start, if it can be made one to a second copy (x86-nan.c); else 0.
static IrRef find_loop(const Emit *e)
{
    IrRef at = 0;
    for (IrRef ref = 1; ref < e->block->nins; ref++) {
        const IrInsn *insn = insn_at(e, ref);
        if (insn->op == IR_CALL || e->block->nins > COPIED_INSNS) {
            return 0;
        }
        if (insn->op == IR_EXITIF && (uint64_t)insn->imm == e->block->pc) {
            if (at) {
                return 0;
            }
            at = ref;
        }
    }
    return e->page_mask && e->plain_fp ? at : 0;
}

// Where there is no room for a copy: repairs, and goes to the one that there is.
static void emit_way_back(Emit *e)
{
    Stub fix = { .raw64 = e->loop.raw64, .raw32 = e->loop.raw32 };
    x_patch(e->loop.site, e->cold.p);
    emit_raw_fixes(e, &fix);
    jump_to(&e->cold, e->body);
}

static void emit_second_copy(Emit *e)
{
    if (e->nwrites > IR_MAX_PENDING / 2 || e->nstubs > IR_MAX_INSNS / 2) {
        emit_way_back(e);
        return;
    }
    while ((uintptr_t)e->hot.p & 15) {
        x_byte(&e->hot, 0xcc);
    }
    x_patch(e->loop.site, e->hot.p);
    e->body = e->hot.p;
    e->index = e->started = 0;
    e->now = 0;
    e->loop.second = true;
    alloc_begin(e);
    count_uses(e);
    nan_loop_begin(e);
    for (IrRef ref = 1; ref <= e->loop.at && !e->failed; ref++) {
        emit_one(e, ref);
    }
    assert(e->failed || value_places(e) == e->loop.places);
    x_patch(x_jmp(&e->hot), e->loop.after);
}

static void emit_block(Emit *e)
{
    emit_head(e);
    for (IrRef ref = 1; ref < e->block->nins && !e->failed; ref++) {
        emit_one(e, ref);
        if (ref == e->loop.at) {
            e->loop.after = e->hot.p;
            e->loop.places = value_places(e);
        }
    }
    if (e->loop.site && !e->failed) {
        emit_second_copy(e);
    }
    if (!e->failed) {
        emit_tails(e);
        emit_stubs(e);
    }
}

JitCode *jit_compile(Jit *jit, CPU *cpu, const IrBlock *block, uint64_t page_mask, bool hot, uint64_t plain)
{
    Emit *e = jit->emit;
    if (jit_full(jit)) {
        return NULL;
    }
    e->jit = jit;
    e->cpu = cpu;
    e->block = block;
    e->page_mask = page_mask;
    e->failed = e->check_attention = false;
    e->nstubs = e->nwrites = 0;
    e->index = e->started = 0;
    e->now = 0;
    alloc_begin(e);
    look_at_fp(e);
    e->loop = (LoopCopy){ .at = find_loop(e) };
    e->out = g_malloc0(sizeof(JitCode) + count_exits(block) * (e->loop.at ? 2 : 1) * sizeof(JitLink));
    if (hot) {
        sites_plan(e, plain);
    } else {
        memset(e->group, 0, block->nins);
        e->out->heat = has_access(block) && jit->next_heat < HEAT_COUNT ? jit->next_heat : 0;
        e->loop.at = e->out->heat ? 0 : e->loop.at; // it will be hot: copied then
    }
    count_uses(e);
    e->hot.p = jit->hot;
    e->cold.p = jit->cold;
    emit_block(e);
    if (e->failed) {
        g_free(e->out);
        return NULL;
    }
    JitCode *code = e->out;
    code->pc = block->pc;
    code->entry = code_address(jit, jit->hot);
    code->bytes = (uint32_t)(e->hot.p - jit->hot);
    code->cold_bytes = (uint32_t)(e->cold.p - jit->cold);
    code->cold_start = code_address(jit, jit->cold);
    code->execute_delta = jit->execute_delta;
    if (jit->perf) {
        char name[40];
        snprintf(name, sizeof(name), "guest_%llx", (unsigned long long)block->pc);
        os_perf_map(code->entry, code->bytes, name);
        os_perf_map(code->cold_start, code->cold_bytes, "cold");
    }
    jit->hot = e->hot.p + (-(uintptr_t)e->hot.p & 15);
    jit->cold = e->cold.p;
    for (unsigned i = 0; i < code->nsites; i++) {
        jit->site_code[jit->next_site++] = code;
    }
    jit->next_heat += code->heat != 0;
    jit->stats.blocks++;
    jit->stats.guest += block->nguest;
    jit->stats.hot_bytes += code->bytes;
    jit->stats.cold_bytes += code->cold_bytes;
    return code;
}

// ---- links ----

static void unlink_exit(JitLink *link)
{
    JitLink **at = &link->to->incoming;
    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    link->to = NULL;
    link->next = NULL;
    if (planted(PLANT_STALE_LINK)) {
        return;
    }
    x_patch(link->site, link->stub);
    if (link->guard) {
        memset(link->guard, 0, 4);
    }
}

void jit_link(JitLink *link, JitCode *to, uint32_t generation)
{
    if (link->from->dead || to->dead) {
        return;
    }
    if (link->to && link->to != to) {
        unlink_exit(link);
    }
    if (!link->to) {
        link->to = to;
        link->next = to->incoming;
        to->incoming = link;
        x_patch(link->site, (const uint8_t *)to->entry - link->from->execute_delta);
    }
    if (link->guard) {
        memcpy(link->guard, &generation, 4);
    }
}

void jit_code_drop(Jit *jit, JitCode *code)
{
    code->dead = true;
    for (unsigned i = 0; i < code->nsites; i++) {
        jit->site_code[code->first_site + i] = NULL;
    }
    while (code->incoming) {
        unlink_exit(code->incoming);
    }
    for (unsigned i = 0; i < code->nlinks; i++) {
        if (code->links[i].to) {
            unlink_exit(&code->links[i]);
        }
    }
}

void jit_code_free(JitCode *code)
{
    if (code) {
        assert(code->dead);
        g_free(code);
    }
}

// ---- the whole ----

static void choose_pins(Jit *jit, const IrSlot *slots, size_t nslots, unsigned bank, const uint8_t *regs, unsigned nregs)
{
    for (unsigned used = 0; used < nregs; used++) {
        const IrSlot *best = NULL;
        for (size_t i = 0; i < nslots; i++) {
            bool taken = slots[i].heat <= 0 || slots[i].type != (bank == BANK_INT ? IR_I64 : IR_F64);
            for (unsigned n = 0; n < jit->npins; n++) {
                taken |= jit->pin_slot[n] == slots[i].offset;
            }
            if (!taken && (!best || slots[i].heat < best->heat)) {
                best = &slots[i];
            }
        }
        if (!best) {
            return;
        }
        jit->pin_slot[jit->npins] = best->offset;
        jit->pin_reg[jit->npins] = regs[used];
        jit->reg_slot[regs[used]] = best->offset;
        jit->is_pin[regs[used]] = true;
        jit->npins++;
    }
}

Jit *jit_new(const IrSlot *slots, size_t nslots, OsHostFeatures features, Error *err)
{
    static const uint8_t ints[PIN_INTS] = { RBX, RSI, RDI, R12, R13, R14, R8, R9, R10, R11 };
    static const uint8_t floats[PIN_FLOATS] = { XMM0 + 3, XMM0 + 4, XMM0 + 5, XMM0 + 6, XMM0 + 7, XMM0 + 8, XMM0 + 9, XMM0 + 10,
                                                XMM0 + 11, XMM0 + 12, XMM0 + 13, XMM0 + 14, XMM0 + 15 };
    Jit *jit = g_new0(Jit, 1);
    if (!os_code_map(&jit->code, CODE_BYTES, err)) {
        g_free(jit);
        return NULL;
    }
    jit->host = features;
    jit->execute_delta = jit->code.execute - jit->code.write;
    choose_pins(jit, slots, nslots, BANK_INT, ints, PIN_INTS);
    choose_pins(jit, slots, nslots, BANK_FLOAT, floats, PIN_FLOATS);
    jit->hot = jit->code.write;
    thunks_emit(jit);
    fp_constants_emit(jit);
    jit->hot_start = jit->hot;
    jit->cold = jit->code.write + COLD_START;
    jit->next_site = jit->next_heat = 1;
    jit->emit = g_new0(Emit, 1);
    return jit;
}

void jit_free(Jit *jit)
{
    if (jit) {
        os_code_unmap(&jit->code);
        g_free(jit->emit);
        g_free(jit);
    }
}

bool jit_full(const Jit *jit)
{
    const uint8_t *start = jit->code.write;
    return jit->hot + BLOCK_ROOM > start + COLD_START || jit->cold + BLOCK_ROOM > start + CODE_BYTES ||
           jit->next_site + SITE_GROUPS > SITE_COUNT;
}

void jit_flush(Jit *jit)
{
    jit->hot = jit->hot_start;
    jit->cold = jit->code.write + COLD_START;
    jit->next_site = jit->next_heat = 1;
    jit->stats.flushes++;
}

JitCode *jit_site_code(Jit *jit, uint32_t site) { return jit->site_code[site]; }
JitStats *jit_stats(Jit *jit) { return &jit->stats; }
void jit_perf(Jit *jit, bool on) { jit->perf = on; }
