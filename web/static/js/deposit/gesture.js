// One drop or choice of files is one deposit: a labels.csv speaks of the films of its own.
import { isManifest } from "./tree.js";

/** Draws each gesture's deposit. `of(names)` is asked once, with the gesture's first files. */
export class Gestures {
  constructor() {
    this.deposit = "";
    this.onlyManifests = false;
  }

  of(names) {
    const onlyManifests = names.length > 0 && names.every(isManifest);
    // A table by itself is about the films just before, or about those that come next.
    if (this.deposit === "" || !(onlyManifests || this.onlyManifests)) this.deposit = drawn();
    this.onlyManifests = onlyManifests;
    return this.deposit;
  }
}

/** A random id. crypto.randomUUID is only there over HTTPS, which a site's network may lack. */
function drawn() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
