#!/usr/bin/env python3
"""Breaks the code on purpose, one break at a time, and sees the one named test turn red.

    tests/mutants/run.py            all of mutants.toml
    tests/mutants/run.py NAME ...   these only

The tracked files are copied below the target folder, so the tree is left alone and the next run builds
what has changed only. The unbroken copy must pass every named test
first. A break that is noticed by its test is killed; one whose test passes has survived and fails the
run. So does a break that does not apply any more, does not build, or names a test that there is not.
Only the standard library is needed (Python 3.11).
"""

import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("mutants.toml")
# Nothing named in the table takes longer, unless the break makes it hang; that is noticed as well.
PATIENCE = 300


def copy_tracked(to):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / name, to / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def applied(mutant, text):
    """The file's text with the break in it. Says why if it cannot be."""
    count = text.count(mutant["find"])
    if count != 1:
        raise ValueError(f"what it looks for stands {count} times in {mutant['file']}, not once")
    if mutant["find"] == mutant["put"]:
        raise ValueError("it changes nothing")
    return text.replace(mutant["find"], mutant["put"])


class Bench:
    def __init__(self, tree, target):
        self.tree = tree
        self.env = {**os.environ, "CARGO_TARGET_DIR": str(target)}
        # What the tests print and how long they are is for an ordinary run.
        self.env.pop("WARDROOM_LONG", None)
        # The page is not looked at.
        self.env.pop("WARDROOM_WEB", None)

    def cargo(self, binary, *more, patience=None):
        of = ["--lib"] if binary == "lib" else ["--test", binary]
        command = ["cargo", "test", "--quiet", "--features", "testing", *of, *more]
        child = subprocess.Popen(
            command, cwd=self.tree, env=self.env, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        try:
            told, _ = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            child.communicate()
            return None, ""
        return child.returncode, told

    def build(self, binary):
        code, told = self.cargo(binary, "--no-run")
        return None if code == 0 else told

    def passes(self, test):
        """Whether the test passes; None if there is no such test."""
        binary, name = test.split(" ")
        code, told = self.cargo(binary, "--", "--exact", name, patience=PATIENCE)
        if code is not None and "running 1 test" not in told:
            return None, told
        return code == 0, told


def main():
    wanted = sys.argv[1:]
    mutants = tomllib.loads(TABLE.read_text(encoding="utf-8"))["mutant"]
    names = [mutant["name"] for mutant in mutants]
    if len(set(names)) != len(names) or not set(wanted) <= set(names):
        sys.exit(f"mutants: names are unique, and one asked for is in the table: {names}")
    mutants = [mutant for mutant in mutants if not wanted or mutant["name"] in wanted]
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "mutants"
    killed, survived, wrong = 0, [], []
    tree = target / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    copy_tracked(tree)
    # The last run may have built these broken.
    for file in {mutant["file"] for mutant in mutants}:
        (tree / file).touch()
    bench = Bench(tree, target)

    # All that is wrong with the table is told at once, before anything is built.
    for mutant in mutants:
        try:
            applied(mutant, (tree / mutant["file"]).read_text(encoding="utf-8"))
        except (ValueError, OSError) as why:
            wrong.append(f"{mutant['name']}: {why}")
    if wrong:
        sys.exit("mutants: these do not apply any more:\n  " + "\n  ".join(wrong))
    for binary in sorted({mutant["test"].split(" ")[0] for mutant in mutants}):
        if told := bench.build(binary):
            sys.exit(f"mutants: the unbroken tree does not build:\n{told}")
    for test in sorted({mutant["test"] for mutant in mutants}):
        passed, told = bench.passes(test)
        if not passed:
            sys.exit(f"mutants: {test} does not pass on the unbroken tree:\n{told}")

    for mutant in mutants:
        begun = time.monotonic()
        path = tree / mutant["file"]
        whole = path.read_text(encoding="utf-8")
        path.write_text(applied(mutant, whole), encoding="utf-8")
        told = bench.build(mutant["test"].split(" ")[0])
        passed = None if told else bench.passes(mutant["test"])[0]
        path.write_text(whole, encoding="utf-8")
        if told or passed is None:
            wrong.append(f"{mutant['name']}: it does not build\n{told}")
            outcome = "WRONG"
        elif passed:
            survived.append(mutant["name"])
            outcome = "SURVIVED"
        else:
            killed += 1
            outcome = "killed"
        seconds = time.monotonic() - begun
        print(
            f"{outcome:8}  promise {mutant['promise']:>2}  {mutant['name']:40} "
            f"{mutant['test']}  ({seconds:.0f} s)",
            flush=True,
        )
    for why in wrong:
        print(why)
    print(f"mutants: {killed} killed, {len(survived)} survived")
    sys.exit(1 if survived or wrong else 0)


main()
