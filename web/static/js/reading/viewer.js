// The film on a canvas: zoom, pan, invert, window, and a heat map laid over it.

const MOST = 12;
const CLAMP = (value, low, high) => Math.min(high, Math.max(low, value));

/** The viewer in `stage`. `changed()` is called after each change of zoom or window. */
export class Viewer {
  constructor(stage, canvas, size, changed) {
    this.stage = stage;
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.size = size; // the film's own, so that the map fits whatever the rendition's size
    this.changed = changed;
    this.film = null;
    this.shown = null;
    this.map = null;
    this.opacity = 0.8;
    this.frame = 0;
    this.stale = true;
    this.reset();
    new ResizeObserver(() => this.#resize()).observe(stage);
  }

  /** Show an image; its samples are kept so that the window is exact. */
  setFilm(image) {
    this.film = image;
    this.shown = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = this.shown.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    this.samples = context.getImageData(0, 0, this.shown.width, this.shown.height);
    this.picture = new ImageData(new Uint8ClampedArray(this.samples.data), this.shown.width);
    this.stale = true;
    this.draw();
  }

  setMap(image) {
    this.map = image;
    this.draw();
  }

  reset() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.width = 256;
    this.level = 128;
    this.inverted = false;
    this.stale = true;
    this.draw();
  }

  setWindow(width, level) {
    this.width = CLAMP(Math.round(width), 8, 512);
    this.level = CLAMP(Math.round(level), 0, 255);
    this.stale = true;
    this.draw();
  }

  invert() {
    this.inverted = !this.inverted;
    this.stale = true;
    this.draw();
  }

  /** Zoom by a factor around a point of the stage (its middle when none is given). */
  zoomBy(factor, at = { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 }) {
    const before = this.zoom;
    this.zoom = CLAMP(before * factor, 1, MOST);
    const grown = this.zoom / before;
    const middle = { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 };
    this.x = (this.x - (at.x - middle.x)) * grown + (at.x - middle.x);
    this.y = (this.y - (at.y - middle.y)) * grown + (at.y - middle.y);
    this.panBy(0, 0);
  }

  panBy(x, y) {
    const box = this.#box(0, 0);
    const slack = (whole, part) => Math.max(0, (whole - part) / 2);
    this.x = CLAMP(
      this.x + x,
      -slack(box.width, this.stage.clientWidth),
      slack(box.width, this.stage.clientWidth),
    );
    this.y = CLAMP(
      this.y + y,
      -slack(box.height, this.stage.clientHeight),
      slack(box.height, this.stage.clientHeight),
    );
    this.draw();
  }

  draw() {
    this.stage.classList.toggle("zoomed", this.zoom > 1);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.#paint();
      this.changed();
    });
  }

  #resize() {
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.stage.clientWidth * scale);
    this.canvas.height = Math.round(this.stage.clientHeight * scale);
    this.panBy(0, 0);
  }

  /** Where the film stands on the stage, in CSS pixels. */
  #box(x = this.x, y = this.y) {
    const fit = Math.min(
      this.stage.clientWidth / this.size.width,
      this.stage.clientHeight / this.size.height,
    );
    const width = this.size.width * fit * this.zoom;
    const height = this.size.height * fit * this.zoom;
    return {
      left: (this.stage.clientWidth - width) / 2 + x,
      top: (this.stage.clientHeight - height) / 2 + y,
      width,
      height,
    };
  }

  #window() {
    // DICOM's LINEAR window (PS3.3 C.11.2.1.2.1) on the display rendition's 8 bits: 256 and 128
    // leave every sample as it is.
    const table = new Uint8ClampedArray(256);
    for (let value = 0; value < 256; value += 1) {
      const out = ((value - (this.level - 0.5)) / (this.width - 1) + 0.5) * 255;
      table[value] = this.inverted ? 255 - CLAMP(out, 0, 255) : out;
    }
    const from = this.samples.data;
    const to = this.picture.data;
    for (let at = 0; at < from.length; at += 4) {
      const value = table[from[at]];
      to[at] = value;
      to[at + 1] = value;
      to[at + 2] = value;
    }
    this.shown.getContext("2d").putImageData(this.picture, 0, 0);
    this.stale = false;
  }

  #paint() {
    const { context, canvas } = this;
    const scale = canvas.width / Math.max(1, this.stage.clientWidth);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.film) return;
    if (this.stale) this.#window();
    const box = this.#box();
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.imageSmoothingEnabled = this.zoom < 6; // at high zoom a reader wants the samples
    context.imageSmoothingQuality = "high";
    context.drawImage(this.shown, box.left, box.top, box.width, box.height);
    if (this.map) {
      context.globalAlpha = this.opacity;
      context.imageSmoothingEnabled = true;
      context.drawImage(this.map, box.left, box.top, box.width, box.height);
      context.globalAlpha = 1;
    }
  }
}
