// Previous and next film: in the list the reader came from, else the library's own order.

export function walk(film) {
  const previous = document.getElementById("previous");
  const next = document.getElementById("next");
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem("films"));
  } catch {
    // A list that cannot be read is no list.
  }
  const at = kept?.ids?.indexOf(film) ?? -1;
  if (at !== -1) {
    point(previous, kept.ids[at - 1]);
    if (kept.ids[at + 1]) point(next, kept.ids[at + 1]);
    document.getElementById("list").href = kept.list;
  }
  return { previous: () => follow(previous), next: () => follow(next) };
}

function point(link, film) {
  link.hidden = !film;
  if (film) link.href = `/cliches/${film}`;
}

function follow(link) {
  if (!link.hidden && link.href) location.assign(link.href);
}
