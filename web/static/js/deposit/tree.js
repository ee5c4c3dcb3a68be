// What was dropped, folders opened to their last leaf.

const HEAD = 512;
const ENDINGS = [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".jxl", ".dcm", ".dicom"];
const PICTURES = [
  "\x89PNG\r\n\x1a\n",
  "\xff\xd8\xff",
  "II*\0",
  "MM\0*",
  "II+\0",
  "MM\0+",
  "\0\0\0\x0cJXL \r\n\x87\n",
  "\xff\x0a",
];

/** Whether a file of a folder is sent, as schemas/film_files.py tells it: a CD holds more. */
export async function mayBeFilm(file) {
  const name = file.name.toLowerCase();
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const head = String.fromCharCode(...bytes);
  const group = head.startsWith("\x02\x00") || head.startsWith("\x08\x00");
  const isDicom = head.slice(128, 132) === "DICM" || (group && head.includes("1.2.840.10008"));
  if (name === "dicomdir" || (isDicom && head.includes("1.2.840.10008.1.3.10"))) return false;
  const isPicture = PICTURES.some((mark) => head.startsWith(mark));
  return ENDINGS.some((ending) => name.endsWith(ending)) || isPicture || isDicom;
}

/** Whether a file is a manifest, as schemas/film_files.py tells it. */
export const isManifest = (name) => name.toLowerCase() === "labels.csv";

/**
 * Yield [file, path within the drop] of each file, of folders those that may be films or
 * manifests. `left` is called for each other one, `unreadable` for each that cannot be read.
 */
export async function* filesOf(transfer, unreadable, left) {
  // The entries must be taken before the first await: afterwards the transfer is empty.
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  for (const entry of entries) {
    if (entry instanceof File) yield [entry, entry.name];
    else if (entry) yield* walk(entry, unreadable, left, false);
  }
}

async function* walk(entry, unreadable, left, inside) {
  try {
    if (entry.isFile) {
      if (entry.name.startsWith(".")) return;
      const file = await new Promise((done, fail) => entry.file(done, fail));
      if (!inside || isManifest(file.name) || (await mayBeFilm(file)))
        yield [file, entry.fullPath.replace(/^\//, "")];
      else left();
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      // readEntries gives at most 100 at a time and must be asked until it gives none.
      const some = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (some.length === 0) return;
      for (const child of some) yield* walk(child, unreadable, left, true);
    }
  } catch {
    unreadable();
  }
}
