#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each planted fault (util/plant.def) must be caught by the test that docs/planted-faults.md names for it, and without a fault these tests pass.

    test-plants.py --emulator FILE --dir DIR --source DIR [--only NAME]

The tests, all with programs that have the faults:
  replay   the guest `work` is recorded with T1, chaos and shift=auto, and replayed by another executor; the fault makes the replay diverge or print
           something else
  guest    the guest looks itself and says what is wrong
  … 3 vCPUs    the same with several vCPUs and short turns
  unit: NAME   a variant of the unit test NAME
Table, list of faults and what is run here must agree.
"""
import argparse
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import workguest
from workguest import Failure, Runner

TRIES = 6  # a fault may lie where chaos doesn't come each time; each try has other chaos, and without fault all of them must pass


def faults(source):
    """{name: number}"""
    with open(os.path.join(source, "util/plant.def"), encoding="utf-8") as f:
        return {name: n for n, name in enumerate(re.findall(r"^PLANT\((\w+),", f.read(), re.M), 1)}


def table(source):
    """{name: test} of the documentation."""
    with open(os.path.join(source, "docs/planted-faults.md"), encoding="utf-8") as f:
        return dict(re.findall(r"^\| `(\w+)` \|[^|\n]*\| ([^|\n]*?) \|", f.read(), re.M))


def replay_pair(runner, fault, seed, smp):
    """None: all as it should be; else what was noticed."""
    recording = runner.record(f"{fault}-{seed}", f"chaos={seed},plant={fault}", runner.plant, shift="auto", smp=smp, check=False)
    if recording.status != 0:
        return f"recording ended with {recording.status}: {recording.out[-80:]!r} {recording.errors}"
    options = f"plant={fault}" if seed % 2 else f"interp=on,max-insns=1,plant={fault}"
    status, out, errors = runner.run(runner.argv("replay", recording.log, options, runner.plant, "auto", smp))
    if status == workguest.DIVERGED and "divergence" in errors:
        return "divergence"
    if status == 0 and out != recording.out:
        return "other output"
    if status != 0:
        raise Failure(f"replay of fault {fault} ended with {status}: {errors}")
    return None


def guest(runner, fault, seed, smp):
    recording = runner.record(f"{fault}-{seed}", f"chaos={seed},plant={fault}", runner.plant, smp=smp, check=False)
    if recording.status == 0 and b" ok end 0x" in recording.out:
        return None
    said = re.search(rb"(stale|wrong) [^\n]*", recording.out)
    if not said:
        raise Failure(f"fault {fault}: status {recording.status}, but the guest doesn't say what is wrong: {recording.out!r} {recording.errors}")
    return said.group().decode()


def unit(args, name, fault):
    program = os.path.join(os.path.dirname(args.emulator), "plant-test-" + name)
    result = subprocess.run([program], env={**os.environ, "BACKSTEP_PLANT": str(fault)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=workguest.TIMEOUT)
    if result.returncode == 0:
        return None
    return result.stdout.decode(errors="replace").strip().splitlines()[-1]


def attempt(runner, test, fault, seed):
    if test.startswith("unit: "):
        return unit(runner.args, test[6:], fault)
    what, _, vcpus = test.partition(" ")
    smp = vcpus.split()[0] + ",quantum=700" if vcpus else "1"
    return (guest if what == "guest" else replay_pair)(runner, fault, seed, smp)


def must_catch(runner, name, number, test):
    for seed in range(1, TRIES + 1):
        if noticed := attempt(runner, test, number, seed):
            print(f"# {name}: {noticed}", flush=True)
            return
    raise Failure(f"fault {name} ({number}) is not caught by '{test}' in {TRIES} tries")


def must_pass(runner, test, seed):
    if noticed := attempt(runner, test, 0, seed):
        raise Failure(f"'{test}' without a fault: {noticed}")


def must_agree(known, documented):
    if known.keys() != documented.keys():
        raise Failure(f"util/plant.def and docs/planted-faults.md differ: {sorted(known.keys() ^ documented.keys())}")


def cases(runner, only):
    known, documented = faults(runner.args.source), table(runner.args.source)
    yield "the table of the documentation is whole", lambda: must_agree(known, documented)
    for name, number in known.items():
        if name in documented and (not only or name == only):
            yield f"{name} is caught by: {documented[name]}", lambda n=name, i=number: must_catch(runner, n, i, documented[n])
    for test in sorted(set(documented.values())):
        for seed in range(1, 2 if test.startswith("unit") else 4):
            yield f"{test}, without a fault ({seed})", lambda t=test, s=seed: must_pass(runner, t, s)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--dir", required=True, help="where work.elf is")
    parser.add_argument("--source", required=True)
    parser.add_argument("--only", help="one fault")
    args = parser.parse_args()
    args.case = "plants"
    with Runner(args) as runner:
        return workguest.run_cases(cases(runner, args.only), 8) != 0


if __name__ == "__main__":
    sys.exit(main())
