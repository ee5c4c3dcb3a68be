// What was dropped, folders opened to their last leaf.

/** Yield the files of a drop. `unreadable` is called for each that the browser cannot read. */
export async function* filesOf(transfer, unreadable) {
  // The entries must be taken before the first await: afterwards the transfer is empty.
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  for (const entry of entries) {
    if (entry instanceof File) yield entry;
    else if (entry) yield* walk(entry, unreadable);
  }
}

async function* walk(entry, unreadable) {
  try {
    if (entry.isFile) {
      if (!entry.name.startsWith("."))
        yield await new Promise((done, fail) => entry.file(done, fail));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      // readEntries gives at most 100 at a time and must be asked until it gives none.
      const some = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (some.length === 0) return;
      for (const child of some) yield* walk(child, unreadable);
    }
  } catch {
    unreadable();
  }
}
