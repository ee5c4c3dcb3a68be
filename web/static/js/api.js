// Talking to /api/v1 with the session's cookie and its CSRF token.
import { words } from "./words.js";

export const csrf = () => document.querySelector("meta[name=csrf-token]").content;
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** An answer that is not what was asked for; its message can be shown. */
export class Problem extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** What a status means, in words. `detail` is the server's English; codes have ours. */
export function problemOf(status, retryAfter = 0) {
  if (status === 0) return new Problem(0, words("error.network"), retryAfter);
  if (status === 401) return new Problem(401, words("error.signed_out"));
  const known = [400, 403, 404, 409, 413, 422, 429, 500, 503].includes(status) ? status : 500;
  return new Problem(
    status,
    `${words(`error.${known}`)}. ${words(`error.${known}.help`)}`,
    retryAfter,
  );
}

/** Seconds of a Retry-After header, 0 when there is none. */
export const waitOf = (header) => Math.max(0, Number.parseInt(header ?? "0", 10) || 0);

/** A key for each thing that is said: sent again after a lost answer, it is still said once. */
export class Once {
  /** Return the key of this body: the same until it was done, or until something else is said. */
  key(body) {
    const said = JSON.stringify(body);
    if (said !== this.said) {
      this.said = said;
      // Not randomUUID: over plain HTTP in a hospital's net there is none.
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      this.made = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return this.made;
  }

  /** It was done: the same said again is another. */
  done() {
    this.said = undefined;
  }
}

/**
 * GET, POST … and give back the JSON; asks again when told to (429, 503, and 409 while the same
 * is being done), `tries` times. `key` is the request's Idempotency-Key.
 */
export async function ask(address, { method = "GET", body, key, signal, tries = 4 } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(address, {
        method,
        signal,
        credentials: "same-origin",
        headers: {
          Accept: "application/json",
          ...(method === "GET" ? {} : { "X-CSRFToken": csrf() }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(key === undefined ? {} : { "Idempotency-Key": `"${key}"` }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw problemOf(0);
    }
    if (response.ok) return response.status === 204 ? null : response.json();
    const wait = waitOf(response.headers.get("Retry-After"));
    const busy = [429, 503].includes(response.status) || (response.status === 409 && wait > 0);
    if (!busy || attempt >= tries || wait > 10) throw problemOf(response.status, wait);
    await pause(1000 * Math.max(1, wait));
  }
}
