// Single-key shortcuts. They can be switched off, and never take a key from a field (WCAG 2.1.4).

const KEPT = "single-keys";

/** Bind keys to actions: { a: () => … }. `?` shows the dialog, always. */
export function shortcuts(actions) {
  const dialog = document.getElementById("keys");
  const box = document.getElementById("keys-on");
  box.checked = localStorage.getItem(KEPT) !== "off";
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
  const show = () => dialog.showModal();
  document.getElementById("show-keys").addEventListener("click", show);
  addEventListener("keydown", (event) => {
    const field = event.target.closest?.("textarea, select, dialog, input:not([type=radio])");
    if (field || event.ctrlKey || event.altKey || event.metaKey || dialog.open) return;
    if (event.key === "?" && box.checked) {
      event.preventDefault();
      show();
      return;
    }
    const action = box.checked && actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
