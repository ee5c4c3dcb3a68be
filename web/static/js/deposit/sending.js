// Sending many files: small batches, two at a time, sent again after an outage or a 429.
import { csrf, pause, problemOf, waitOf } from "../api.js";

const BATCH_FILES = 8;
const BATCH_BYTES = 24 * 2 ** 20;
const AT_ONCE = 2;
const TRIES = 6;

/** A queue of drops. `changed(drop)` is called when a drop's state or progress changed. */
export class Sending {
  constructor(limits, changed) {
    this.limits = limits;
    this.changed = changed;
    this.waiting = [];
    this.running = 0;
  }

  add(drops) {
    this.waiting.push(...drops);
    while (this.running < AT_ONCE && this.waiting.length > 0) {
      this.running += 1;
      this.#work().finally(() => {
        this.running -= 1;
      });
    }
  }

  /** Files that are neither received nor given up. */
  get left() {
    return this.waiting.length + this.running;
  }

  async #work() {
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) await this.#send(batch);
  }

  #next() {
    const batch = [];
    let bytes = 0;
    const most = Math.min(BATCH_BYTES, this.limits.request);
    while (this.waiting.length > 0 && batch.length < Math.min(BATCH_FILES, this.limits.files)) {
      const size = this.waiting[0].file.size;
      if (batch.length > 0 && bytes + size > most) break;
      // One request says one thing of all its films.
      if (batch.length > 0 && this.waiting[0].said !== batch[0].said) break;
      bytes += size;
      batch.push(this.waiting.shift());
    }
    return batch;
  }

  async #send(batch) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const receipts = await this.#post(batch);
        batch.forEach((drop, index) => {
          drop.receipt = receipts[index].id;
          this.#state(drop, "received");
        });
        return;
      } catch (problem) {
        const again = problem.status === 0 || problem.status === 429 || problem.status >= 500;
        if (!again || attempt === TRIES) {
          if (batch.length > 1 && !again && problem.status !== 401 && problem.status !== 403) {
            // One file may spoil a batch: find it by sending each on its own.
            for (const drop of batch) await this.#send([drop]);
            return;
          }
          for (const drop of batch) this.#state(drop, "unsent", { message: problem.message });
          return;
        }
        await this.#wait(batch, problem.retryAfter || Math.min(30, 2 ** attempt));
      }
    }
  }

  async #wait(batch, seconds) {
    for (let left = seconds; left > 0; left -= 1) {
      for (const drop of batch) this.#state(drop, "waiting", { again: left });
      await pause(1000);
    }
  }

  #state(drop, state, more = {}) {
    Object.assign(drop, { state, again: 0, message: "" }, more);
    this.changed(drop);
  }

  #post(batch) {
    const form = new FormData();
    for (const [name, text] of Object.entries(batch[0].said)) form.append(name, text);
    for (const drop of batch) form.append("files", drop.file, drop.name);
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/radiographs");
    request.setRequestHeader("X-CSRFToken", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    for (const drop of batch) this.#state(drop, "sending", { progress: 0 });
    // A batch is one body: what has left is counted off file by file, in the order sent.
    request.upload.addEventListener("progress", (event) => {
      let left = event.loaded;
      for (const drop of batch) {
        drop.progress = drop.file.size === 0 ? 1 : Math.min(1, Math.max(0, left / drop.file.size));
        left -= drop.file.size;
        this.changed(drop);
      }
    });
    return new Promise((done, fail) => {
      request.addEventListener("load", () => {
        if (request.status === 202 && request.response?.receipts?.length === batch.length)
          done(request.response.receipts);
        else fail(problemOf(request.status, waitOf(request.getResponseHeader("Retry-After"))));
      });
      request.addEventListener("error", () => fail(problemOf(0)));
      request.addEventListener("abort", () => fail(problemOf(0)));
      request.send(form);
    });
  }
}
