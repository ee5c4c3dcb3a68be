// Mouse, fingers and keys on the stage.

const STEP = 48;

/** Let people move the film: wheel and pinch zoom, drag pans, Shift or right drag windows. */
export function hold(viewer) {
  const { stage } = viewer;
  const fingers = new Map();
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      viewer.zoomBy(
        Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)),
        place(event),
      );
    },
    { passive: false },
  );
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("dblclick", (event) =>
    viewer.zoomBy(viewer.zoom > 1 ? 1 / viewer.zoom : 2.5, place(event)),
  );
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    stage.classList.add("held");
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      if (fingers.size === 0) stage.classList.remove("held");
    });
  }
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    fingers.set(event.pointerId, now);
    const moved = { x: now.x - before.x, y: now.y - before.y };
    if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const apart = (from) => Math.hypot(from.x - other.x, from.y - other.y) || 1;
      viewer.zoomBy(apart(now) / apart(before), {
        x: (now.x + other.x) / 2,
        y: (now.y + other.y) / 2,
      });
      viewer.panBy(moved.x / 2, moved.y / 2);
    } else if (event.shiftKey || event.buttons === 2) {
      viewer.setWindow(viewer.width + moved.x, viewer.level - moved.y / 2);
    } else viewer.panBy(moved.x, moved.y);
  });
  stage.addEventListener("keydown", (event) => {
    const pan = {
      ArrowLeft: [STEP, 0],
      ArrowRight: [-STEP, 0],
      ArrowUp: [0, STEP],
      ArrowDown: [0, -STEP],
    }[event.key];
    if (!pan || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    viewer.panBy(...pan);
  });
}
