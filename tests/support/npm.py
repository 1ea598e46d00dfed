"""Packages of npm that only tests use: installed once per run into a scratch directory, without running their scripts."""

import atexit
import shutil
import subprocess
import tempfile
from pathlib import Path


def package(name: str, version: str) -> Path:
    """The folder of an npm package in exactly this version."""
    folder = Path(tempfile.mkdtemp(prefix="vitrine-npm."))
    atexit.register(shutil.rmtree, folder, True)
    done = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", f"{name}@{version}"], cwd=folder,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"npm install {name}@{version} failed:\n{done.stdout}")
    return folder / "node_modules" / name
