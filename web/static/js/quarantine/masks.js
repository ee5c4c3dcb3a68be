// Masks over a film: drawn with the pointer, moved and sized with the keyboard.
import { words } from "../words.js";

const STEP = 0.01;
const LEAST = 0.01;
const FIRST = { left: 0.35, top: 0.45, width: 0.3, height: 0.1 };
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The masks of one film. Shares of its width and height, as the API wants them. */
export class Masks {
  constructor(film, changed) {
    this.film = film;
    this.changed = changed;
    this.parts = new Map();
    film.addEventListener("pointerdown", (event) => this.#press(event));
  }

  list() {
    return [...this.parts.values()].map((part) => ({ ...part }));
  }

  add(part = FIRST) {
    const mask = document.createElement("button");
    mask.type = "button";
    mask.className = "mask";
    this.parts.set(mask, { ...part });
    mask.addEventListener("keydown", (event) => this.#key(mask, event));
    this.film.append(mask);
    this.#place(mask);
    this.changed(this.parts.size);
    return mask;
  }

  remove(mask) {
    const next = mask.nextElementSibling ?? mask.previousElementSibling;
    this.parts.delete(mask);
    mask.remove();
    if (next?.classList.contains("mask")) next.focus();
    this.changed(this.parts.size);
  }

  #place(mask) {
    const part = this.parts.get(mask);
    part.width = clamp(part.width, LEAST, 1);
    part.height = clamp(part.height, LEAST, 1);
    part.left = clamp(part.left, 0, 1 - part.width);
    part.top = clamp(part.top, 0, 1 - part.height);
    for (const [name, value] of Object.entries(part)) mask.style[name] = `${100 * value}%`;
    const hundredths = (name) => Math.round(100 * part[name]);
    const [left, top, width, height] = ["left", "top", "width", "height"].map(hundredths);
    mask.setAttribute("aria-label", words("quarantine.mask_at", { left, top, width, height }));
  }

  #key(mask, event) {
    const part = this.parts.get(mask);
    const step = event.ctrlKey ? 5 * STEP : STEP;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Delete" || event.key === "Backspace") this.remove(mask);
    else if (event.key in moves) {
      const [x, y] = moves[event.key];
      if (event.shiftKey) {
        part.width += x * step;
        part.height += y * step;
      } else {
        part.left += x * step;
        part.top += y * step;
      }
      this.#place(mask);
    } else return;
    event.preventDefault();
  }

  // A press on the film draws; on a mask it moves that mask.
  #press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    const box = this.film.getBoundingClientRect();
    const at = (moved) => [
      clamp((moved.clientX - box.left) / box.width, 0, 1),
      clamp((moved.clientY - box.top) / box.height, 0, 1),
    ];
    const [startX, startY] = at(event);
    const held = event.target.closest(".mask");
    const before = held ? { ...this.parts.get(held) } : null;
    let mask = held;
    mask?.focus();
    const drag = (moved) => {
      const [x, y] = at(moved);
      if (before) {
        const part = this.parts.get(held);
        part.left = before.left + x - startX;
        part.top = before.top + y - startY;
      } else {
        const part = {
          left: Math.min(x, startX),
          top: Math.min(y, startY),
          width: Math.abs(x - startX),
          height: Math.abs(y - startY),
        };
        // A click that trembled is no mask.
        if (!mask && Math.max(part.width, part.height) < LEAST) return;
        if (mask) Object.assign(this.parts.get(mask), part);
        else mask = this.add(part);
      }
      this.#place(mask);
    };
    const end = () => {
      removeEventListener("pointermove", drag);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      mask?.focus();
    };
    addEventListener("pointermove", drag);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  }
}
