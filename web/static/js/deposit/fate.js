// What becomes of receipts: server-sent events, and asking one by one while there is no stream.
import { ask, pause } from "../api.js";

const STREAM_RECEIPTS = 150; // the address of a stream has room for 200
const FINAL = new Set(["analysed", "rejected", "quarantined", "failed", "manifest"]);
export const isFinal = (state) => FINAL.has(state);

/** Follow receipts until each is final. `told(receipt)` is called with each news. */
export class Fate {
  constructor(told) {
    this.told = told;
    this.open = new Set();
    this.stream = null;
    this.streamed = new Set();
    this.soon = 0;
    this.failures = 0;
  }

  follow(ids) {
    for (const id of ids) this.open.add(id);
    // Receipts come in bursts: one stream for the burst, not one for each.
    this.soon ||= setTimeout(() => {
      this.soon = 0;
      this.#connect();
    }, 300);
  }

  #news(receipt) {
    this.told(receipt);
    if (isFinal(receipt.state)) {
      this.open.delete(receipt.id);
      this.streamed.delete(receipt.id);
    }
  }

  #connect() {
    // A stream that still has much to tell is left alone unless all its receipts are final.
    const all = [...this.open].every((id) => this.streamed.has(id));
    if (this.stream && (all || this.streamed.size >= STREAM_RECEIPTS / 2)) return;
    this.#close();
    if (this.open.size === 0) return;
    this.streamed = new Set([...this.open].slice(0, STREAM_RECEIPTS));
    const stream = new EventSource(`/live/receipts?ids=${[...this.streamed].join(",")}`);
    this.stream = stream;
    stream.addEventListener("receipt", (event) => {
      this.failures = 0;
      this.#news(JSON.parse(event.data));
      if (
        this.stream === stream &&
        this.streamed.size < STREAM_RECEIPTS / 2 &&
        this.open.size > this.streamed.size
      )
        this.#connect();
    });
    stream.addEventListener("end", () => {
      if (this.stream !== stream) return;
      this.#close();
      this.#connect();
    });
    stream.addEventListener("error", () => {
      if (this.stream !== stream) return;
      this.failures += 1;
      // The browser comes again by itself after a cut; not after a refusal (503, 401).
      if (stream.readyState !== EventSource.CLOSED && this.failures < 3) return;
      this.#close();
      this.#poll();
    });
  }

  #close() {
    this.stream?.close();
    this.stream = null;
    this.streamed = new Set();
  }

  async #poll() {
    for (const id of [...this.open].slice(0, 20)) {
      try {
        this.#news(await ask(`/api/v1/receipts/${id}`, { tries: 1 }));
      } catch (problem) {
        if (problem.status === 404) this.open.delete(id);
        if (problem.status === 401) return;
      }
    }
    await pause(2000);
    this.failures = 0;
    if (!this.stream) this.#connect();
  }
}
