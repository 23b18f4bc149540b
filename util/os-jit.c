// SPDX-License-Identifier: GPL-2.0-or-later
// Code memory: one memfd, mapped twice, so that no page is ever writable and executable at one address.
//
// x86-64 keeps instruction fetch coherent with stores by physical address, so that nothing has to be flushed after writing.
#include "util/os-jit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool os_code_map(OsCode *code, size_t bytes, Error *err)
{
    int fd = memfd_create("code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0) {
        int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        return fail(err, "cannot get %zu bytes of memory for code: %s", bytes, strerror(error));
    }
    void *write = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *execute = mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    int error = errno;
    close(fd);
    if (write == MAP_FAILED || execute == MAP_FAILED) {
        if (write != MAP_FAILED) {
            munmap(write, bytes);
        }
        return fail(err, "cannot map executable memory: %s", strerror(error));
    }
    *code = (OsCode){ .write = write, .execute = execute, .bytes = bytes };
    return true;
}

void os_code_unmap(OsCode *code)
{
    if (code->write) {
        munmap(code->write, code->bytes);
        munmap((void *)(uintptr_t)code->execute, code->bytes);
    }
    *code = (OsCode){ 0 };
}

OsHostFeatures os_host_features(void)
{
    OsHostFeatures f = { 0 };
#ifdef __x86_64__
    __builtin_cpu_init();
    f.avx = __builtin_cpu_supports("avx");
    f.fma = f.avx && __builtin_cpu_supports("fma");
    f.bmi1 = f.avx && __builtin_cpu_supports("bmi");
    f.bmi2 = f.avx && __builtin_cpu_supports("bmi2");
    f.popcnt = __builtin_cpu_supports("popcnt");
    f.sse41 = __builtin_cpu_supports("sse4.1");
    f.lzcnt = f.bmi2; // every processor with BMI2 has LZCNT
#endif
    return f;
}

void os_perf_map(const void *start, size_t bytes, const char *name)
{
    static FILE *file;
    if (!file) {
        char path[64];
        snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
        file = fopen(path, "we");
    }
    if (file) {
        fprintf(file, "%zx %zx %s\n", (size_t)start, bytes, name);
        fflush(file);
    }
}
