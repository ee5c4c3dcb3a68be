// The page's words and formats, in its language. They travel with it: there is one catalogue.
const catalogue = JSON.parse(document.body.dataset.words);
export const language = document.documentElement.lang;

/** The words of a key, with its {parts} filled in. An unknown key is a bug and throws. */
export function words(key, parts = {}) {
  if (!(key in catalogue)) throw new Error(`no words for ${key}`);
  return catalogue[key].replace(/\{(\w+)\}/g, (_, name) => parts[name]);
}

/** A number as the language writes it: 0,42 in French. */
export function number(value, digits = 2) {
  return value.toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A score or threshold; small ones keep a third decimal, as on the server. */
export const score = (value) => number(value, value > 0 && value < 0.1 ? 3 : 2);

export const clock = (date) => date.toLocaleTimeString(language);

/** An element with properties and children; text is always text, never markup. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
