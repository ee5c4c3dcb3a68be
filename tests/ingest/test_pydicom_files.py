"""pydicom's own public files, as pydicom, dcmtk and we read them; where they differ, who is right.

They are read from the installed wheel and called radiographs, since most are of other modalities;
of dcmtk (Debian's package) the programs that draw pictures are used.
"""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_files
from pydicom.dataset import FileDataset

from ingest.readers import read_file
from ingest.readers.dicom_file import JPEG_FAMILY
from ingest.readers.grey import luma
from ingest.renditions import windowed_to_8_bits
from schemas.errors import Refusal
from tests.ingest import dicoms
from tests.services import without_services

#: pydicom warns of what these files are there for.
pytestmark = pytest.mark.filterwarnings("ignore")
LIMIT: Final = 10_000_000
#: Which of dcmtk's programs knows the pixels; it has none for JPEG 2000.
PROGRAMS: Final = {
    dicoms.BASELINE: "dcmj2pnm",
    dicoms.EXTENDED: "dcmj2pnm",
    dicoms.LOSSLESS: "dcmj2pnm",
    dicoms.LOSSLESS_SV1: "dcmj2pnm",
    dicoms.JPEG_LS: "dcml2pnm",
    dicoms.JPEG_LS_NEAR: "dcml2pnm",
    dicoms.JPEG_2000: None,
    dicoms.JPEG_2000_LOSSY: None,
}
#: Films of one picture, 64 pixels a side and more, that somebody else reads, too.
READ: Final = (
    "693_J2KI.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "JPEG-lossy.dcm", "JPEG2000.dcm",
    "MR_small_RLE.dcm", "MR_small_bigendian.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
    "SC_jpeg_no_color_transform.dcm", "SC_jpeg_no_color_transform_2.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_rgb_gdcm_KY.dcm", "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_jls_lossy_sample.dcm", "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_rle.dcm", "SC_rgb_rle_16bit.dcm",
    "SC_ybr_full_422_uncompressed.dcm", "examples_overlay.dcm",
    "examples_palette.dcm", "examples_rgb_color.dcm", "image_dfl.dcm",
)  # fmt: skip
#: Where one of the others has another picture: (file, who), and why we have not.
OTHERWISE: Final = {
    (
        "examples_palette.dcm",
        "pydicom",
    ): "gives the palette's numbers; a film is its colours' grey",
}


def relabelled(name: str) -> FileDataset:
    """Return one of pydicom's files as a radiograph, nothing else changed."""
    [path] = [path for path in get_testdata_files(name) if Path(path).name == name]
    made = dcmread(path, force=True)
    made.SOPClassUID, made.Modality = dicoms.DX, "DX"
    return made


def bytes_of(made: FileDataset) -> bytes:
    out = io.BytesIO()
    dcmwrite(out, made, enforce_file_format=False)
    return out.getvalue()


def by_pydicom(made: FileDataset) -> NDArray[Any] | None:
    """Return pydicom's grey picture; None where it has no decoder installed."""
    try:
        return grey(made.pixel_array)
    except (RuntimeError, NotImplementedError):
        return None


def by_dcmtk(data: bytes, made: FileDataset, folder: Path, *options: str) -> NDArray[Any] | None:
    """Return dcmtk's grey picture, without overlays; None where it has no decoder for it."""
    program = PROGRAMS.get(made.file_meta.TransferSyntaxUID, "dcm2pnm")
    if program is None:
        return None
    if shutil.which(program) is None:
        without_services(f"{program} is not installed: apt-get install dcmtk")
    (folder / "a.dcm").write_bytes(data)
    command = [program, "-O", *options, str(folder / "a.dcm"), str(folder / "a.pnm")]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    with Image.open(folder / "a.pnm") as picture:
        return grey(np.asarray(picture))


def grey(picture: NDArray[Any]) -> NDArray[Any]:
    return picture if picture.ndim == 2 else luma(picture)


def alike(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return how much two pictures of one film are one, whatever black and white are in each."""
    assert one.shape == other.shape
    return float(np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1])


def test_every_name_is_of_a_syntax_that_we_read() -> None:
    assert {*PROGRAMS} == {*JPEG_FAMILY}


@pytest.mark.parametrize("name", READ)
def test_a_public_file_is_read_as_pydicom_and_dcmtk_read_it(name: str, tmp_path: Path) -> None:
    made = relabelled(name)
    data = bytes_of(made)
    ours = read_file(data, LIMIT).samples
    theirs = {"pydicom": by_pydicom(made), "dcmtk": by_dcmtk(data, made, tmp_path, "+Wm", "+opw")}
    assert any(found is not None for found in theirs.values())
    for who, found in theirs.items():
        if found is not None:
            # Colour differences are rounded and smoothed by each in its own way.
            assert (alike(ours, found) > 0.9995) == ((name, who) not in OTHERWISE)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        # The lower end of the last row is missing: dcmtk draws it black, pydicom refuses it, too.
        ("MR_truncated.dcm", "truncated"),
        # Part of its codestream's header was written over; nobody can read it.
        ("JPEG2000-embedded-sequence-delimiter.dcm", "mismatch"),
        # No detector gives 32 bits, no film has one.
        ("SC_rgb_rle_32bit.dcm", "unsupported"),
        ("liver_1frame.dcm", "unsupported"),
        ("SC_rgb_rle_2frame.dcm", "multi-frame"),
    ],
)
def test_a_public_file_that_is_no_whole_film_is_refused(name: str, why: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_file(bytes_of(relabelled(name)), LIMIT)
    assert refused.value.code == why


@pytest.mark.parametrize("name", ["MR_small.dcm", "MR_small_RLE.dcm", "examples_overlay.dcm"])
def test_a_public_files_first_window_shows_what_dcmtk_shows_through_it(
    name: str, tmp_path: Path
) -> None:
    made = relabelled(name)
    data = bytes_of(made)
    found = read_file(data, LIMIT)
    theirs = by_dcmtk(data, made, tmp_path, "+Wi", "1", "+op")
    assert theirs is not None
    shown = windowed_to_8_bits(found.samples, found.says.window)
    assert shown is not None
    assert np.abs(shown.astype(int) - theirs).max() <= 2


def test_the_same_slice_in_every_transfer_syntax_is_one_film() -> None:
    names = ("MR_small", "MR_small_RLE", "MR_small_bigendian", "MR_small_implicit",
             "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_padded")  # fmt: skip
    films = [read_file(bytes_of(relabelled(f"{name}.dcm")), LIMIT).samples for name in names]
    assert all((film == films[0]).all() for film in films)
