"""Make .venv ready to run, test and lint the project; called by `make`, which says when.

Runs with the Python that .venv shall have and needs nothing installed. Takes away make's stamp as
its first step (make puts it back after the last), so that the next `make` takes up an interrupted
set-up. The output of pip goes to .set-up.log.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import IO

from horovod_wheel import SetUpError, check_tools, run, say

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = PROJECT / ".set-up.log"
BUILD_TOOLS = ("setuptools", "wheel")  # pinned like the rest: nothing is fetched to build
SMOKE_TEST = "import horovod.torch as hvd; assert hvd.gloo_built()"


def main() -> int:
    """Run the steps in order; the first that fails ends the set-up with one line and status 1."""
    parser = argparse.ArgumentParser(description="Make .venv ready; see the Makefile.")
    parser.add_argument("--torch", required=True, help="exact version of torch, such as 2.13.0")
    torch = parser.parse_args().torch
    try:
        wait_for_other_set_ups()
        with LOG.open("w") as log:
            set_up(torch, log)
    except SetUpError as error:
        say(f"set-up failed: {error}")
        return 1
    except KeyboardInterrupt:
        say("set-up interrupted; the next make takes it up again")
        return 130
    return 0


def wait_for_other_set_ups() -> None:
    """Hold a lock on the project's folder until this process ends."""
    folder = os.open(PROJECT, os.O_RDONLY)
    os.set_inheritable(folder, False)
    fcntl.flock(folder, fcntl.LOCK_EX)


def set_up(torch: str, log: IO[str]) -> None:
    """Make the environment, from an empty folder or from an older environment."""
    start_s = time.monotonic()
    check_tools()
    for old_stamp in VENV.glob("*.stamp"):
        old_stamp.unlink()
    say(f"[1/6] .venv: an environment of Python {python_version()}; log of all steps: {LOG.name}")
    create_venv(log)
    say(f"[2/6] torch {torch} and the other packages, as pinned: 1 to 2 minutes")
    run([*pip_install(), *BUILD_TOOLS, f"torch=={torch}", *requirements()], log)
    say("[3/6] Horovod, fitted to this torch")
    wheel = horovod_wheel()
    say("[4/6] Horovod and this project into .venv")
    run([*pip_install(), "--no-deps", "--force-reinstall", wheel], log)
    run([*pip_install(), "--no-deps", "--no-build-isolation", f"--editable={PROJECT}"], log)
    say("[5/6] compile the packages' Python once, so that every start is quick: 1 minute")
    compile_packages(log)
    say("[6/6] check that the packages fit together and that Horovod starts")
    run([str(PYTHON), "-m", "pip", "check"], log)
    run([str(PYTHON), "-W", "error", "-c", SMOKE_TEST], log)
    say(f"set-up complete after {time.monotonic() - start_s:.0f} s")


def python_version() -> str:
    """Return the running Python's version as in 3.11."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def create_venv(log: IO[str]) -> None:
    """Create .venv, unless there is a working one of this Python version."""
    if importlib.util.find_spec("ensurepip") is None:
        raise SetUpError(
            f"{sys.executable} cannot create environments;"
            f" on Debian: apt-get install -y python{python_version()}-venv"
        )
    if venv_version() != python_version():
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)], log)


def venv_version() -> str | None:
    """Return the Python version of .venv, or None if it is missing, broken or was moved here."""
    code = "import pip, sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"
    try:
        found = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True).stdout
    except OSError:
        return None
    version, _, prefix = found.strip().partition(" ")
    scripts_work = (VENV / "bin" / "pip").exists() and prefix == str(VENV)
    return version if scripts_work else None


def pip_install() -> list[str]:
    """Return the start of every pip install: all versions come from constraints.txt.

    Byte code is written by `compile_packages`, on all cores.
    """
    pip = [str(PYTHON), "-m", "pip", "install", "--no-compile"]
    return [*pip, f"--constraint={PROJECT / 'constraints.txt'}"]


def compile_packages(log: IO[str]) -> None:
    """Write byte code for all packages: where Python may not write it itself, torch takes 10 s.

    Files that do not compile are the packages' own tests of errors; nobody imports them.
    """
    command = [str(PYTHON), "-m", "compileall", "-q", "-j0", str(VENV / "lib")]
    subprocess.run(command, stdout=log, stderr=subprocess.STDOUT)


def requirements() -> list[str]:
    """Return the packages pyproject.toml asks for, less Horovod, which is built for this torch."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["test"]
    return [requirement for requirement in asked if not requirement.startswith("horovod")]


def horovod_wheel() -> str:
    """Return the path of the wheel for .venv's torch, built if need be; its progress is shown."""
    command = [str(PYTHON), str(PROJECT / "tools" / "horovod_wheel.py")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SetUpError("no Horovod wheel, for the reason above")
    return done.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
