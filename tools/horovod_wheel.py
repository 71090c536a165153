"""Build the Horovod wheel for the torch of the running interpreter, once per machine.

Horovod 0.28.1 (the last release) neither compiles against torch >= 2.1 nor with CUDA 13 as
published. This tool takes the published source archive, checks its SHA-256, applies `PATCHES`,
compiles it against the installed torch and keeps the wheel in

    ${XDG_CACHE_HOME:-~/.cache}/accord/wheels/<key>/horovod-0.28.1-*.whl

where <key> names everything the binary depends on: Python, torch, Horovod, GPU support, patches.

    python tools/horovod_wheel.py                 # fetches the source archive with pip
    python tools/horovod_wheel.py --sdist PATH    # uses an archive that was fetched before

The interpreter must have torch, setuptools, wheel and packaging. Progress goes to standard error;
the only line on standard output is the path of the wheel.

Collectives on GPUs need NCCL, which is built in when torch was built for CUDA and sees a GPU, nvcc
of the same major version is found (CUDA_HOME, /usr/local/cuda or PATH), and pip's nvidia-nccl
package, which a CUDA torch brings, is installed. Otherwise the CPU version is built, and one line
says what is missing. Two variables overrule this, for building on one machine for another:

    ACCORD_HOROVOD_GPU=cpu|nccl              build without / with NCCL (default: as described)
    ACCORD_GPU_COMPUTE_CAPABILITY=8.0,9.0    the GPUs to build for (default: those seen)
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO

VERSION = "0.28.1"
SDIST_SHA256 = "92a43f5a94c43907a56805bad15f19700c62ffc83b7ca483f9e104e229f67ef0"
LOG_TAIL_LINES = 30


class SetUpError(Exception):
    """Say in one line what keeps the wheel from being built, and the remedy."""


@dataclass(frozen=True)
class Patch:
    """Replace `old`, which must occur exactly once in `file`, with `new`."""

    file: str
    old: str
    new: str
    reason: str


PATCHES = (
    Patch(
        file="CMakeLists.txt",
        old="set(CMAKE_CXX_STANDARD 14)\n",
        new="set(CMAKE_CXX_STANDARD 17)\n"
        "set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)\n"
        'set(CMAKE_INSTALL_RPATH "$ORIGIN/../../torch/lib:$ORIGIN/../../nvidia/nccl/lib")\n',
        reason="torch's headers need C++17; the wheel is shared by environments, so it must look"
        " for torch and NCCL beside itself and not in the environment that compiled it",
    ),
    Patch(
        file="CMakeLists.txt",
        old='string(REPLACE "-O2" "-O3" CMAKE_CXX_FLAGS_RELWITHDEBINFO',
        new='string(REPLACE "-O2 -g" "-O3" CMAKE_CXX_FLAGS_RELWITHDEBINFO',
        reason="without debug information the build is shorter and the wheel smaller",
    ),
    Patch(
        file="horovod/torch/CMakeLists.txt",
        old="    set(CMAKE_CXX_STANDARD 14)\n",
        new="    set(CMAKE_CXX_STANDARD 17)\n",
        reason="torch's headers need C++17",
    ),
    Patch(
        file="horovod/torch/CMakeLists.txt",
        old="from distutils.sysconfig import get_python_inc; print(get_python_inc())",
        new="import sysconfig; print(sysconfig.get_path('include'))",
        reason="distutils left the standard library in Python 3.12",
    ),
    Patch(
        file="horovod/runner/js_run.py",
        old="from distutils.spawn import find_executable\n",
        new="from shutil import which as find_executable\n",
        reason="distutils left the standard library in Python 3.12",
    ),
    Patch(
        file="CMakeLists.txt",
        old="check_language(CUDA)\nif(NOT CMAKE_CUDA_COMPILER)\n",
        new="if(DEFINED HOROVOD_GPU_OPERATIONS)\n"
        "check_language(CUDA)\n"
        "endif()\n"
        "if(DEFINED HOROVOD_GPU_OPERATIONS AND NOT CMAKE_CUDA_COMPILER)\n",
        reason="the CPU version must not depend on an nvcc that happens to be there",
    ),
    Patch(
        file="cmake/Modules/FindPytorch.cmake",
        old='string(TOUPPER "${Pytorch_CUDA}" Pytorch_CUDA)\n',
        new='string(TOUPPER "${Pytorch_CUDA}" Pytorch_CUDA)\n'
        "if(NOT DEFINED HOROVOD_GPU_OPERATIONS)\n"
        "    set(Pytorch_CUDA FALSE)\n"
        "endif()\n",
        reason="a torch built for CUDA would switch CUDA on in the CPU version",
    ),
    Patch(
        file="horovod/common/ops/cuda/CMakeLists.txt",
        old="set(CMAKE_CUDA_STANDARD 11)\n",
        new="set(CMAKE_CUDA_STANDARD 17)\n",
        reason="CUDA 13's headers need C++17",
    ),
    Patch(
        file="horovod/torch/cuda_util.cc",
        old='dlopen("libcuda.so", RTLD_LAZY)',
        new='dlopen("libcuda.so.1", RTLD_LAZY)',
        reason="containers mount the driver under its versioned name only",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """Where CUDA and NCCL are, and which GPUs to compile for ("90": compute capability 9.0)."""

    cuda_home: Path
    nccl_home: Path
    compute_capabilities: tuple[str, ...]


def main() -> int:
    """Print the path of the wheel for this interpreter's torch; build it unless it is cached."""
    parser = argparse.ArgumentParser(description="Build the patched Horovod wheel, or find it.")
    parser.add_argument("--sdist", type=Path, help=f"horovod-{VERSION}.tar.gz, already fetched")
    try:
        print(find_or_build(parser.parse_args().sdist))
    except SetUpError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def find_or_build(sdist: Path | None) -> Path:
    """Return the cached wheel, built first (3 to 5 minutes on 2 cores) if there is none."""
    gpu = choose_gpu()
    folder = cache_folder() / cache_key(gpu)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock"):
        wheels = list(folder.glob("horovod-*.whl"))
        if wheels:
            say(f"Horovod {VERSION}: reusing the wheel built on this machine before")
            return wheels[0]
        check_tools()
        return build(sdist, gpu, folder)


def say(line: str) -> None:
    """Tell the user; standard output is kept for the result."""
    print(line, file=sys.stderr, flush=True)


# What to build ------------------------------------------------------------------------------------


def choose_gpu() -> Gpu | None:
    """Return what an NCCL build needs, or None for the CPU version."""
    wish = os.environ.get("ACCORD_HOROVOD_GPU", "")
    if wish not in ("", "cpu", "nccl"):
        raise SetUpError(f"ACCORD_HOROVOD_GPU must be cpu, nccl or unset, got {wish}")
    import torch  # takes seconds, and the tests of the other functions can do without

    if wish == "cpu" or (not wish and torch.version.cuda is None):
        return None
    try:
        return find_gpu(torch)
    except SetUpError as missing:
        if wish == "nccl":
            raise
        say(f"Horovod is built without NCCL, for CPUs only: {missing}")
        return None


def find_gpu(torch) -> Gpu:
    """Return where CUDA and NCCL are, or raise a SetUpError that names the first part missing."""
    if torch.version.cuda is None:
        raise SetUpError(f"torch {torch.__version__} is built without CUDA; install a CUDA torch")
    return Gpu(
        compute_capabilities=find_compute_capabilities(torch),
        cuda_home=find_cuda(torch.version.cuda),
        nccl_home=find_nccl(),
    )


def find_compute_capabilities(torch) -> tuple[str, ...]:
    """Return the capabilities of the GPUs seen or named, as nvcc spells them: 9.0 is "90"."""
    named = os.environ.get("ACCORD_GPU_COMPUTE_CAPABILITY")
    if named:
        if not re.fullmatch(r"\d+\.\d(,\d+\.\d)*", named):
            raise SetUpError(
                f"ACCORD_GPU_COMPUTE_CAPABILITY must look like 9.0 or 8.0,9.0, got {named}"
            )
        return tuple(sorted({part.replace(".", "") for part in named.split(",")}, key=int))
    if not torch.cuda.is_available():
        raise SetUpError("torch sees no GPU; see `nvidia-smi -L`")
    seen = {torch.cuda.get_device_capability(i) for i in range(torch.cuda.device_count())}
    return tuple(f"{major}{minor}" for major, minor in sorted(seen))


def find_cuda(torch_cuda: str) -> Path:
    """Return the CUDA toolkit that has nvcc and the headers, of torch's CUDA major version."""
    on_path = shutil.which("nvcc")
    candidates = [os.environ.get("CUDA_HOME"), "/usr/local/cuda"]
    candidates += [str(Path(on_path).resolve().parent.parent)] if on_path else []
    for home in (Path(candidate) for candidate in candidates if candidate):
        if (home / "bin/nvcc").exists() and (home / "include/cuda_runtime.h").exists():
            check_nvcc_version(home / "bin/nvcc", torch_cuda)
            return home
    raise SetUpError("nvcc was not found in CUDA_HOME, /usr/local/cuda or PATH; set CUDA_HOME")


def check_nvcc_version(nvcc: Path, torch_cuda: str) -> None:
    """Refuse an nvcc of another CUDA major version than the one torch was built for."""
    output = subprocess.run([nvcc, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"release (\d+)\.\d+", output)
    if not found or found[1] != torch_cuda.split(".")[0]:
        version = found[0] if found else "of unknown release"
        raise SetUpError(f"{nvcc} is {version}, torch needs CUDA {torch_cuda}; set CUDA_HOME")


def find_nccl() -> Path:
    """Return the folder of pip's nvidia-nccl package, which has include/ and lib/."""
    try:
        spec = importlib.util.find_spec("nvidia.nccl")
    except ModuleNotFoundError:
        spec = None
    for home in map(Path, (spec and spec.submodule_search_locations) or ()):
        if (home / "include/nccl.h").exists() and (home / "lib/libnccl.so.2").exists():
            return home
    raise SetUpError("NCCL was not found; `pip install nvidia-nccl-cu13`, or -cu12 for CUDA 12")


def check_tools() -> None:
    """Refuse at once, not after minutes, when the compiler, cmake or a header is missing."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    tools = ("g++", "cmake", "make")
    missing = [tool for tool in tools if not shutil.which(tool, path=search_path())]
    packages = missing + ([] if header.exists() else ["python3-dev"])
    if packages:
        names = " and ".join(missing + ([] if header.exists() else [str(header)]))
        raise SetUpError(
            f"Horovod is compiled on this machine and needs {names};"
            f" on Debian: apt-get install -y {' '.join(packages)}"
        )


def search_path() -> str:
    """Return PATH preceded by the interpreter's own programs: pip's cmake will do as well."""
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])


# Where it is kept ---------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Return the user's cache of wheels."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "accord" / "wheels"


def cache_key(gpu: Gpu | None) -> str:
    """Name all that the binary depends on."""
    import torch

    python = f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    backend = "nccl-sm" + "-sm".join(gpu.compute_capabilities) if gpu else "gloo"
    return f"{python}-torch{torch.__version__}-horovod{VERSION}-{backend}-{recipe_hash()}"


def recipe_hash() -> str:
    """Return a hash of the source archive and of how it is patched and compiled."""
    recipe = repr((SDIST_SHA256, [astuple(patch) for patch in PATCHES], sorted(COMPILE.items())))
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time build into a cache folder; the others wait, then find the wheel."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up on this machine is building Horovod: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# How it is built ----------------------------------------------------------------------------------

COMPILE = {
    "HOROVOD_WITH_PYTORCH": "1",
    "HOROVOD_WITH_GLOO": "1",
    "HOROVOD_WITHOUT_TENSORFLOW": "1",
    "HOROVOD_WITHOUT_MXNET": "1",
    "HOROVOD_WITHOUT_MPI": "1",
    "HOROVOD_WITHOUT_NVTX": "1",
    # Gloo's headers use uint8_t without its header, which g++ >= 13 no longer forgives.
    "CXXFLAGS": "-include cstdint",
    # Gloo asks for CMake 2.8.12, which CMake 4 refuses unless told so.
    "CMAKE_POLICY_VERSION_MINIMUM": "3.5",
}


def build(sdist: Path | None, gpu: Gpu | None, folder: Path) -> Path:
    """Compile the wheel in a folder of its own and move it into the cache as the last step."""
    log_path = folder / "build.log"
    kind = f"with NCCL for sm_{', sm_'.join(gpu.compute_capabilities)}" if gpu else "for CPUs"
    say(f"compiling Horovod {VERSION} {kind}: 3 to 5 minutes on 2 cores, once per machine")
    say(f"  log: {log_path}")
    # Not below the cache: CMake takes its folder for a regular expression, which a + would break.
    with (
        tempfile.TemporaryDirectory(prefix="accord_horovod_") as name,
        log_path.open("w") as log,
    ):
        work = Path(name)
        source = unpack(sdist or download(work, log), work)
        for patch in PATCHES:
            apply(patch, source)
        run(pip_wheel(source, work), log, environment(gpu, work))
        (wheel,) = work.glob("horovod-*.whl")
        check_contents(wheel, log_path)
        return keep(wheel, folder)


def download(work: Path, log: IO[str]) -> Path:
    """Fetch the source archive from the package registry pip is set up for."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-build-isolation"]
    run([*command, "--no-binary=horovod", f"--dest={work}", f"horovod=={VERSION}"], log)
    return work / f"horovod-{VERSION}.tar.gz"


def unpack(sdist: Path, work: Path) -> Path:
    """Unpack the source archive after comparing its checksum."""
    if not sdist.exists():
        raise SetUpError(f"--sdist {sdist}: no such file")
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if digest != SDIST_SHA256:
        raise SetUpError(f"{sdist} has SHA-256 {digest}, expected {SDIST_SHA256}; fetch it again")
    # Python 3.11.0 to 3.11.3 know no filter; 3.12 and 3.13 warn when there is none.
    checks = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(sdist) as archive:
        archive.extractall(work, **checks)
    return work / f"horovod-{VERSION}"


def apply(patch: Patch, source: Path) -> None:
    """Change one place in Horovod's source; a place that isn't there exactly once is an error."""
    path = source / patch.file
    text = path.read_text()
    found = text.count(patch.old)
    if found != 1:
        raise SetUpError(f"patch of {patch.file}: {patch.old!r} must occur once, found {found}")
    path.write_text(text.replace(patch.old, patch.new))


def check_contents(wheel: Path, log_path: Path) -> None:
    """Refuse a wheel without the compiled library, which Horovod's build can make without error."""
    names = zipfile.ZipFile(wheel).namelist()
    if not any(name.startswith("horovod/torch/mpi_lib_v2") for name in names):
        raise SetUpError(f"the build left the compiled library out of the wheel; see {log_path}")


def keep(wheel: Path, folder: Path) -> Path:
    """Put the wheel into the cache such that it is there whole or not at all."""
    partial = folder / f"{wheel.name}.partial"
    shutil.copyfile(wheel, partial)
    return partial.replace(folder / wheel.name)


def pip_wheel(source: Path, work: Path) -> list[str]:
    """Return the command that compiles against the installed torch, not one of pip's choosing."""
    pip = [sys.executable, "-m", "pip", "wheel", "--verbose", "--no-cache-dir"]
    alone = ["--use-pep517", "--no-deps", "--no-build-isolation"]
    return [*pip, *alone, f"--wheel-dir={work}", str(source)]


def environment(gpu: Gpu | None, work: Path) -> dict[str, str]:
    """Return the build's environment: the user's, less any Horovod settings, plus ours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HOROVOD_")}
    kept["MAKEFLAGS"] = f"-j{len(os.sched_getaffinity(0))}"
    kept["PATH"] = search_path()
    return kept | COMPILE | (gpu_environment(gpu, work) if gpu else {})


def gpu_environment(gpu: Gpu, work: Path) -> dict[str, str]:
    """Point Horovod's build at CUDA and NCCL; the linker wants the name without a version."""
    library = work / "nccl"
    library.mkdir()
    (library / "libnccl.so").symlink_to(gpu.nccl_home / "lib/libnccl.so.2")
    return {
        "HOROVOD_GPU_OPERATIONS": "NCCL",
        "HOROVOD_BUILD_CUDA_CC_LIST": ",".join(gpu.compute_capabilities),
        "HOROVOD_CUDA_HOME": str(gpu.cuda_home),
        "CUDA_HOME": str(gpu.cuda_home),
        "PATH": f"{gpu.cuda_home / 'bin'}{os.pathsep}{search_path()}",
        "HOROVOD_NCCL_INCLUDE": str(gpu.nccl_home / "include"),
        "HOROVOD_NCCL_LIB": str(library),
        "HOROVOD_NCCL_LINK": "SHARED",
    }


def run(command: list[str], log: IO[str], env: dict[str, str] | None = None) -> None:
    """Run a command with its output in the log; on failure show the log's end."""
    done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=env)
    if done.returncode:
        say("\n".join(Path(log.name).read_text().splitlines()[-LOG_TAIL_LINES:]))
        raise SetUpError(
            f"`{' '.join(command[1:4])}` failed with exit status {done.returncode};"
            f" the lines above are the end of {log.name}"
        )


if __name__ == "__main__":
    sys.exit(main())
